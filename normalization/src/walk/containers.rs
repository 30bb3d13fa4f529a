//! Where the containers of a text end, noted when they are first passed over.

use super::{Cursor, container_end, string_end, string_inner};

/// The most containers of a text that are noted: a bound on memory, not on what can be walked.
const MOST: usize = 1 << 16;

/// The containers below a text's outermost one, in the order in which they begin. Who looks into values level by level passes
/// over each byte once, not once a level.
///
/// Law: what is found is what [`members`](super::members) and [`elements`](super::elements) find.
#[derive(Debug, Default)]
pub struct Containers {
    noted: Vec<Container>,
}

/// A container that was noted.
#[derive(Debug, Clone, Copy)]
struct Container {
    /// Behind its closing bracket; while it is open, the number of the container that it is in.
    end: usize,
    /// The number of the first container behind it.
    next: usize,
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// A container's number; without a meaning for all else.
    number: usize,
}

impl Span {
    /// Nothing.
    pub const EMPTY: Self = Self { start: 0, end: 0, number: MOST };

    /// The text of this part.
    #[must_use]
    pub fn text(self, json: &str) -> &str {
        json.get(self.start..self.end).unwrap_or_default()
    }
}

/// A place in a container.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    at: usize,
    /// The number of the next container; `None` while containers are being noted.
    next: Option<usize>,
}

impl Containers {
    /// Where the members of a new text begin, which is an object; what was noted is forgotten.
    pub fn begin(&mut self, json: &str) -> Place {
        self.noted.clear();
        Place { at: Cursor::inside(json, b'{').at, next: None }
    }

    /// Where the members or elements of a container begin that was found in the present text.
    #[must_use]
    pub fn inside(container: Span) -> Place {
        Place { at: container.start + 1, next: Some(container.number.saturating_add(1)) }
    }

    /// The next member of an object: the key between its quotes with escapes as sent, and the value.
    #[inline]
    pub fn next_member(&mut self, json: &str, place: &mut Place) -> Option<(Span, Span)> {
        let mut cursor = Cursor { json, at: place.at };
        cursor.skip_separators();
        if cursor.peek() != Some(b'"') {
            return None;
        }
        let start = cursor.at + 1;
        let end = start + string_inner(cursor.value())?.len();
        cursor.skip_separators();
        place.at = cursor.at;
        Some((Span { start, end, number: MOST }, self.value(json, place)))
    }

    /// The value of the next member if that begins with `beginning`: its key in quotes, and the colon. If not, the place stays.
    #[inline]
    pub fn value_of(&mut self, json: &str, place: &mut Place, beginning: &str) -> Option<Span> {
        let mut cursor = Cursor { json, at: place.at };
        cursor.skip_separators();
        if !json.as_bytes().get(cursor.at..)?.starts_with(beginning.as_bytes()) {
            return None;
        }
        cursor.at += beginning.len();
        cursor.skip_separators();
        place.at = cursor.at;
        Some(self.value(json, place))
    }

    /// The next element of an array.
    #[inline]
    pub fn next_element(&mut self, json: &str, place: &mut Place) -> Option<Span> {
        let mut cursor = Cursor { json, at: place.at };
        cursor.skip_separators();
        place.at = cursor.at;
        match cursor.peek() {
            None | Some(b']' | b'}') => None,
            Some(_) => Some(self.value(json, place)),
        }
    }

    /// The value at a place, which moves behind it.
    #[inline]
    fn value(&mut self, json: &str, place: &mut Place) -> Span {
        let start = place.at;
        let mut cursor = Cursor { json, at: start };
        let mut number = MOST;
        if let Some(b'{' | b'[') = cursor.peek() {
            (number, place.at) = self.container(json.as_bytes(), start + 1, &mut place.next);
        } else {
            cursor.value();
            place.at = cursor.at;
        }
        Span { start, end: place.at, number }
    }

    /// The number and the end of the container whose text begins at `at`.
    fn container(&mut self, bytes: &[u8], at: usize, next: &mut Option<usize>) -> (usize, usize) {
        let Some(next) = next else { return (self.noted.len(), self.note(bytes, at)) };
        let number = *next;
        match self.noted.get(number) {
            // in text that is not JSON it may be another one
            Some(container) if container.end > at => {
                *next = container.next;
                (number, container.end)
            }
            // those behind it are not noted either
            _ => (number, container_end(bytes, at)),
        }
    }

    /// Notes the container whose text begins at `at`, and those in it; behind its closing bracket.
    fn note(&mut self, bytes: &[u8], mut at: usize) -> usize {
        let first = self.noted.len();
        if first >= MOST {
            return container_end(bytes, at);
        }
        self.noted.push(Container { end: first, next: first });
        // the innermost open container that is noted, and how many are open in it that are not
        let (mut open, mut unnoted) = (first, 0_usize);
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => at = string_end(bytes, at),
                b'{' | b'[' if self.noted.len() >= MOST => unnoted += 1,
                b'{' | b'[' => {
                    self.noted.push(Container { end: open, next: MOST });
                    open = self.noted.len() - 1;
                }
                b'}' | b']' if unnoted > 0 => unnoted -= 1,
                b'}' | b']' => {
                    let outer = self.close(open, at);
                    if open == first {
                        return at;
                    }
                    open = outer;
                }
                _ => {}
            }
        }
        // the text ends too early
        while open != first {
            open = self.close(open, bytes.len());
        }
        self.close(first, bytes.len());
        bytes.len()
    }

    /// Notes where a container ends; the number of the one that it is in.
    fn close(&mut self, number: usize, end: usize) -> usize {
        let next = self.noted.len();
        std::mem::replace(&mut self.noted[number], Container { end, next }).end
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::{JsonType, elements, kind_of, members};
    use super::*;

    /// All values of a text, level by level: as they are found by noted containers.
    fn noted(json: &str) -> Vec<&str> {
        let mut containers = Containers::default();
        let mut found = Vec::new();
        let mut place = containers.begin(json);
        let mut waiting = Vec::new();
        while let Some((key, value)) = containers.next_member(json, &mut place) {
            found.extend([key, value].map(|part| part.text(json)));
            waiting.push(value);
        }
        while let Some(container) = waiting.pop() {
            let mut place = Containers::inside(container);
            match kind_of(container.text(json)) {
                JsonType::Object => {
                    while let Some((key, value)) = containers.next_member(json, &mut place) {
                        found.extend([key, value].map(|part| part.text(json)));
                        waiting.push(value);
                    }
                }
                JsonType::Array => {
                    while let Some(value) = containers.next_element(json, &mut place) {
                        found.push(value.text(json));
                        waiting.push(value);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The same by passing over every container again.
    fn passed(json: &str) -> Vec<&str> {
        let (mut found, mut waiting) = (Vec::new(), Vec::new());
        let mut look = |json, waiting: &mut Vec<_>| match kind_of(json) {
            JsonType::Object => members(json).for_each(|(key, value)| {
                found.extend([key, value]);
                waiting.push(value);
            }),
            JsonType::Array => elements(json).for_each(|value| {
                found.push(value);
                waiting.push(value);
            }),
            _ => {}
        };
        if json.starts_with('{') {
            look(json, &mut waiting);
        }
        while let Some(json) = waiting.pop() {
            look(json, &mut waiting);
        }
        found
    }

    /// An object, spaced or not, its strings full of brackets.
    fn object() -> impl Strategy<Value = String> {
        let text = || "[\\[\\]{},: a]{0,6}";
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<i32>().prop_map(|number| number.to_string()),
            text().prop_map(|text| format!("\"{text}\\\"\"")),
        ];
        let value = leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(|values| format!("[{} ]", values.join(" ,"))),
                prop::collection::vec((text(), inner), 0..6).prop_map(|members| {
                    let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                    format!("{{{}}}", members.join(", "))
                }),
            ]
        });
        prop::collection::vec(value, 0..5).prop_map(|values| {
            let members: Vec<_> = values.iter().map(|value| format!("\"k\": {value}")).collect();
            format!("{{{} }}", members.join(","))
        })
    }

    proptest! {
        #[test]
        fn a_member_is_known_by_its_beginning(json in object(), known in prop::collection::vec(any::<bool>(), 5)) {
            let mut containers = Containers::default();
            let mut place = containers.begin(&json);
            let found = known.iter().map_while(|is_known| {
                assert_eq!(containers.value_of(&json, &mut place, "\"other\":"), None);
                let value = if *is_known { containers.value_of(&json, &mut place, "\"k\":") } else { None };
                value.or_else(|| Some(containers.next_member(&json, &mut place)?.1))
            });
            let values: Vec<_> = found.map(|value| value.text(&json)).collect();
            prop_assert_eq!(values, members(&json).map(|(_, value)| value).collect::<Vec<_>>());
        }

        #[test]
        fn noted_containers_end_where_they_end(json in object()) {
            prop_assert_eq!(noted(&json), passed(&json));
        }

        #[test]
        fn text_that_is_not_json_ends(json in "[\\[\\]{}\":,a]{0,60}") {
            let json = format!("{{\"k\":{json}");
            prop_assert!(noted(&json).len() <= (json.len() + 1) * (json.len() + 1));
        }
    }

    #[test]
    fn more_containers_than_are_noted_are_walked_all_the_same() {
        let many = "[{\"a\":[]},7],".repeat(MOST / 3);
        let json = format!("{{\"a\":[[1],{many}[2]],\"b\":[{many}{{\"c\":[[3]]}}],\"d\":[[4]]}}");
        assert_eq!(noted(&json), passed(&json));
        let mut containers = Containers::default();
        let mut place = containers.begin(&json);
        while containers.next_member(&json, &mut place).is_some() {}
        assert_eq!(containers.noted.len(), MOST);
    }
}
