-- Why the table $1 can't be replaced by exchanging names with the table $2: one row a reason, none if it can.
WITH
pair AS (
  SELECT live, staged, (SELECT oid FROM pg_roles WHERE rolname = current_user) AS me
  FROM pg_class AS live, pg_class AS staged
  WHERE live.oid = to_regclass($1::text) AND staged.oid = to_regclass($2::text)
),
columns AS (
  SELECT
    a.attrelid,
    row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS place,
    ROW(
      a.attname, a.attnotnull, a.attidentity, a.attgenerated, coalesce(a.attstattarget, -1), a.attoptions, a.attacl::text
    )::text AS described,
    a.atttypid,
    ROW(a.atttypmod, a.attcollation, a.attstorage)::text AS typed
  FROM pg_attribute AS a, pair
  WHERE a.attrelid IN ((pair.live).oid, (pair.staged).oid) AND a.attnum > 0 AND NOT a.attisdropped
),
dependents AS (
  SELECT d.*
  FROM pg_depend AS d, pair
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = (pair.live).oid
)
SELECT 'one of the tables is not there' AS reason
WHERE NOT EXISTS (SELECT FROM pair)
UNION ALL
SELECT 'it is no ordinary table, or has settings of its own'
FROM pair
WHERE (live).relkind <> 'r' OR (live).relispartition OR (live).relhassubclass OR (live).relpersistence <> 'p'
  OR (live).reloftype <> 0 OR (live).reloptions IS NOT NULL OR (live).relreplident <> 'd'
  OR (live).reltablespace <> (staged).reltablespace OR (live).relam <> (staged).relam
UNION ALL
SELECT 'it belongs to another role'
FROM pair
WHERE (live).relowner <> me OR (staged).relowner <> me
UNION ALL
SELECT 'it has row-level security'
FROM pair
WHERE (live).relrowsecurity OR (live).relforcerowsecurity
UNION ALL
SELECT 'it has triggers or rules'
FROM pair
WHERE (live).relhastriggers OR (live).relhasrules
UNION ALL
SELECT 'its columns differ, or have grants of their own'
FROM pair
WHERE EXISTS (
    SELECT FROM (SELECT * FROM columns WHERE attrelid = (live).oid) AS l
    FULL JOIN (SELECT * FROM columns WHERE attrelid = (staged).oid) AS s USING (place, described)
    WHERE l.attrelid IS NULL OR s.attrelid IS NULL OR l.atttypid = s.atttypid AND l.typed <> s.typed
  )
  OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = (live).oid AND a.attacl IS NOT NULL)
UNION ALL
SELECT 'a role other than its owner has granted rights on it'
FROM pair
WHERE EXISTS (SELECT FROM aclexplode((live).relacl) AS granted WHERE granted.grantor <> (live).relowner)
UNION ALL
SELECT 'it has a security label'
FROM pair
WHERE EXISTS (SELECT FROM pg_seclabel AS l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = (live).oid)
UNION ALL
SELECT 'it belongs to an extension'
FROM pair
WHERE EXISTS (
  SELECT FROM pg_depend AS d
  WHERE d.classid = 'pg_class'::regclass AND d.objid = (live).oid AND d.deptype = 'e'
)
UNION ALL
SELECT 'something uses its row type'
FROM pair
WHERE EXISTS (
  SELECT FROM pg_depend AS d
  WHERE d.refclassid = 'pg_type'::regclass
    AND d.refobjid IN ((live).reltype, (SELECT typarray FROM pg_type WHERE oid = (live).reltype))
    AND d.deptype <> 'i'
)
UNION ALL
SELECT 'an index of it has a special role'
FROM pair
WHERE EXISTS (
  SELECT FROM pg_index AS i
  WHERE i.indrelid = (live).oid AND (i.indisclustered OR i.indisreplident OR i.indisexclusion)
)
UNION ALL
SELECT 'it has dependents that can''t be carried over (' || string_agg(DISTINCT pg_describe_object(d.classid, d.objid, 0), ', ') || ')'
FROM dependents AS d, pair
WHERE NOT (d.classid = 'pg_type'::regclass AND d.deptype = 'i')
  AND NOT (d.classid = 'pg_class'::regclass AND d.objid = (live).reltoastrelid)
  AND NOT (
    d.classid = 'pg_class'::regclass
    AND EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = d.objid AND i.indrelid = (live).oid)
  )
  AND NOT (
    d.classid = 'pg_rewrite'::regclass
    AND EXISTS (
      SELECT FROM pg_rewrite AS r JOIN pg_class AS v ON v.oid = r.ev_class
      WHERE r.oid = d.objid AND r.rulename = '_RETURN' AND v.relkind = 'v' AND v.relowner = pair.me AND NOT v.relhastriggers
        AND has_schema_privilege(v.relnamespace, 'CREATE')
    )
  )
HAVING count(*) > 0
