(
WITH RECURSIVE
-- Views that show the column, and those over them, each with the one that shows it.
over (view, direct, depth) AS (
  SELECT r.ev_class, r.ev_class, 1
  FROM pg_attribute AS a
  JOIN pg_depend AS d
    ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
  JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> a.attrelid
  WHERE a.attrelid = to_regclass({relation}) AND a.attname = {column} AND NOT a.attisdropped
  UNION
  SELECT r.ev_class, o.direct, o.depth + 1
  FROM over AS o
  JOIN pg_depend AS d
    ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = o.view
  JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> o.view
),
named AS (
  SELECT c.*, format('%I.%I', n.nspname, c.relname) AS view_name
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
),
rights AS (
  SELECT c.oid, granted.*, '' AS columns
  FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS granted
  WHERE granted.grantee <> c.relowner
  UNION ALL
  SELECT a.attrelid, granted.*, format(' (%I)', a.attname)
  FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
  WHERE NOT a.attisdropped
),
belongings AS (
  SELECT oid, 1 AS step, format('ALTER VIEW %s OWNER TO %I', view_name, pg_get_userbyid(relowner)) AS statement
  FROM named
  WHERE relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
  UNION ALL
  SELECT named.oid, 2, format(
    'GRANT %s%s ON TABLE %s TO %s%s', privilege_type, columns, view_name, coalesce(quote_ident(r.rolname), 'PUBLIC'),
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END
  )
  FROM rights JOIN named USING (oid) LEFT JOIN pg_roles AS r ON r.oid = grantee
  UNION ALL
  SELECT c.oid, 3, CASE
    WHEN d.objsubid = 0 THEN format('COMMENT ON VIEW %s IS %L', view_name, d.description)
    ELSE format('COMMENT ON COLUMN %s.%I IS %L', view_name, a.attname, d.description)
  END
  FROM named AS c
  JOIN pg_description AS d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'view', v.view_name,
  'direct', format('%I.%I', direct_schema.nspname, direct.relname),
  'depth', (SELECT max(depth) FROM over AS o WHERE o.view = v.oid),
  -- what would not come back
  'stays', v.relkind <> 'v' OR v.relhastriggers
    OR (SELECT count(*) > 1 FROM pg_rewrite AS r WHERE r.ev_class = v.oid)
    OR EXISTS (SELECT FROM pg_attrdef AS d WHERE d.adrelid = v.oid)
    OR EXISTS (SELECT FROM pg_seclabel AS l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = v.oid),
  'definition', format(
    'CREATE VIEW %s%s AS %s', v.view_name, ' WITH (' || array_to_string(v.reloptions, ', ') || ')',
    rtrim(pg_get_viewdef(v.oid), ';')
  ),
  'belongings', (SELECT jsonb_agg(statement ORDER BY step) FROM belongings AS b WHERE b.oid = v.oid)
)), '[]')
FROM (SELECT DISTINCT view, direct FROM over) AS found
JOIN named AS v ON v.oid = found.view
JOIN pg_class AS direct ON direct.oid = found.direct
JOIN pg_namespace AS direct_schema ON direct_schema.oid = direct.relnamespace
)
