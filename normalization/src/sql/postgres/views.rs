//! Plain views that show a column, made again over what takes its place: definition, owner, grants and comments. Blocks of
//! PL/pgSQL that hold together what has to be known before and done after.

use super::Postgres;
use crate::sql::{Dialect as _, TableName};

/// The condition under which the server tells of a view that could not be made again. In the class of warnings, of no use to
/// the server itself.
pub const VIEW_STAYS: &str = "01AV0";

/// What speaks against making a view again, and nothing else.
const SPEAKS_AGAINST: &str = "syntax_error_or_access_rule_violation OR data_exception OR feature_not_supported \
                              OR dependent_objects_still_exist";

/// Takes the views away, the outermost first, and makes them again. What new views are granted by default is none of theirs.
const TAKE_AWAY: &str = "FOR each IN
      SELECT DISTINCT v ->> 'view' AS view, (v ->> 'stays')::boolean AS stays, (v ->> 'depth')::int AS depth
      FROM jsonb_array_elements(views) AS v WHERE {which} ORDER BY depth DESC
    LOOP
      IF each.stays THEN RAISE feature_not_supported; END IF;
      EXECUTE 'DROP VIEW ' || each.view;
    END LOOP";
const MAKE_AGAIN: &str = "FOR each IN
      SELECT DISTINCT v ->> 'view' AS view, v ->> 'definition' AS definition, v -> 'belongings' AS belongings,
        (v ->> 'depth')::int AS depth
      FROM jsonb_array_elements(views) AS v WHERE {which} ORDER BY depth
    LOOP
      EXECUTE each.definition;
      FOR statement IN
        SELECT format('REVOKE ALL ON TABLE %s FROM %s', each.view, coalesce(quote_ident(r.rolname), 'PUBLIC'))
        FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS granted LEFT JOIN pg_roles AS r ON r.oid = granted.grantee
        WHERE c.oid = to_regclass(each.view) AND granted.grantee <> c.relowner
        UNION ALL
        SELECT * FROM jsonb_array_elements_text(coalesce(nullif(each.belongings, 'null'), '[]'))
      LOOP
        EXECUTE statement;
      END LOOP;
    END LOOP";

impl Postgres {
    /// Changes a column in a way that views over it forbid; `otherwise` where they can't be made again.
    pub(super) fn beneath_views(
        self,
        (table, column): (&TableName, &str),
        change: &str,
        otherwise: &[String],
    ) -> String {
        let (take_away, make_again) = (TAKE_AWAY.replace("{which}", "true"), MAKE_AGAIN.replace("{which}", "true"));
        let views = self.views(table, column);
        let otherwise = otherwise.join(";\n  ");
        self.block(&format!(
            "DECLARE
  views jsonb := {views};
  each record;
  statement text;
BEGIN
  BEGIN
    {take_away};
    {change};
    {make_again};
  EXCEPTION WHEN {SPEAKS_AGAINST} THEN
  {otherwise};
  END;
END"
        ))
    }

    /// Does what puts another column of the same name in the place of a column, and makes the views over it again, those that
    /// go with the other.
    pub(super) fn in_place_of(self, (table, column): (&TableName, &str), change: &str) -> String {
        let which = "v ->> 'direct' = shown.direct";
        let (take_away, make_again) = (TAKE_AWAY.replace("{which}", which), MAKE_AGAIN.replace("{which}", which));
        let (views, stay) = (self.views(table, column), self.view_stays(table, column));
        self.block(&format!(
            "DECLARE
  views jsonb := {views};
  shown record;
  each record;
  statement text;
BEGIN
  {change};
  FOR shown IN
    SELECT v ->> 'direct' AS direct FROM jsonb_array_elements(views) AS v GROUP BY 1
    ORDER BY min((v ->> 'depth')::int) FILTER (WHERE v ->> 'view' = v ->> 'direct')
  LOOP
  BEGIN
    {take_away};
    {make_again};
  EXCEPTION WHEN {SPEAKS_AGAINST} THEN
    {stay};
  END;
  END LOOP;
END"
        ))
    }

    /// A block that grants on the column `to` what is granted on the column `from`.
    pub(super) fn grants_alike(self, table: &TableName, from: &str, to: &str) -> String {
        let relation = self.literal(&self.relation(table));
        let [from, to] = [from, to].map(|column| self.literal(column));
        self.block(&format!(
            "DECLARE
  statement text;
BEGIN
  FOR statement IN
    SELECT format(
      'GRANT %s (%I) ON TABLE %s TO %s%s', granted.privilege_type, {to}, {relation},
      coalesce(quote_ident(r.rolname), 'PUBLIC'), CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END
    )
    FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
    LEFT JOIN pg_roles AS r ON r.oid = granted.grantee
    WHERE a.attrelid = to_regclass({relation}) AND a.attname = {from} AND NOT a.attisdropped
  LOOP
    EXECUTE statement;
  END LOOP;
END"
        ))
    }

    /// A block that tells which views show the column `former`, which has made way for `column`.
    pub(super) fn tell_views(self, table: &TableName, former: &str, column: &str) -> String {
        let stay = self.view_stays(table, column);
        let (relation, former) = (self.literal(&self.relation(table)), self.literal(former));
        self.block(&format!(
            "DECLARE
  shown record;
BEGIN
  FOR shown IN
    SELECT DISTINCT format('%I.%I', n.nspname, v.relname) AS direct
    FROM pg_attribute AS a
    JOIN pg_depend AS d
      ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
    JOIN pg_rewrite AS r ON r.oid = d.objid
    JOIN pg_class AS v ON v.oid = r.ev_class
    JOIN pg_namespace AS n ON n.oid = v.relnamespace
    WHERE a.attrelid = to_regclass({relation}) AND a.attname = {former} AND NOT a.attisdropped
  LOOP
    {stay};
  END LOOP;
END"
        ))
    }

    /// The views over a column, as JSON.
    fn views(self, table: &TableName, column: &str) -> String {
        let (relation, column) = (self.literal(&self.relation(table)), self.literal(column));
        format!(include_str!("views_over_column.sql"), relation = relation, column = column)
    }

    /// Tells that the view in `shown.direct` keeps what it has.
    fn view_stays(self, table: &TableName, column: &str) -> String {
        let (relation, column) = (self.literal(&self.relation(table)), self.literal(column));
        format!(
            "RAISE WARNING USING ERRCODE = '{VIEW_STAYS}',
      MESSAGE = format('%s shows the former values of the column %I of %s', shown.direct, {column}, {relation})"
        )
    }
}
