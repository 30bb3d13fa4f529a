//! When a checkpoint is full.

/// How much a checkpoint may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    /// Bytes of input.
    pub(super) bytes: usize,
    /// Records whose rows make a whole load, of which nothing is left over to be loaded by itself; 0 if any number does.
    pub(super) load: usize,
}

/// What a checkpoint holds.
#[derive(Debug, Default)]
pub(super) struct Fullness {
    bytes: usize,
    loads: usize,
    /// Records behind the last whole load.
    over: usize,
}

impl Fullness {
    /// Adds a record of so many bytes. Whether the checkpoint should end behind it: it is as large as it may be, or holds
    /// nothing but whole loads and another one would be too much.
    ///
    /// Law: without its last record it has not reached the capacity.
    pub(super) fn add(&mut self, bytes: usize, capacity: Capacity) -> bool {
        self.bytes += bytes;
        self.over += 1;
        let mut is_full = self.bytes >= capacity.bytes;
        if self.over == capacity.load {
            (self.loads, self.over) = (self.loads + 1, 0);
            is_full |= self.bytes + self.bytes / self.loads > capacity.bytes;
        }
        is_full
    }
}

#[cfg(test)]
mod tests {
    use super::{Capacity, Fullness};

    /// How many records of so many bytes each a checkpoint holds.
    fn records(bytes: usize, capacity: Capacity) -> Option<usize> {
        let mut fullness = Fullness::default();
        (1..=capacity.bytes).find(|_| fullness.add(bytes, capacity))
    }

    #[test]
    fn a_checkpoint_ends_with_a_whole_load_where_it_holds_one() {
        let of_loads = |load| Capacity { bytes: 1000, load };
        assert_eq!([1, 10, 300, 5000].map(|bytes| records(bytes, of_loads(0))), [1000, 100, 4, 1].map(Some));
        assert_eq!([1, 10, 300, 5000].map(|bytes| records(bytes, of_loads(30))), [990, 90, 4, 1].map(Some));
        // exactly full, and just over
        assert_eq!([25, 26].map(|load| records(10, of_loads(load))), [100, 78].map(Some));
        // one load and a half
        assert_eq!(records(10, of_loads(66)), Some(66));
    }
}
