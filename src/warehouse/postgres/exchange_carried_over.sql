-- What belongs to the table $1 and has to belong to the table $2 when it takes its name: statements, and when they run.
--   before  while everybody still reads $1
--   first   when readers are shut out, before the names are exchanged
--   views   when $2 has the name
--   names   when $1 is gone
WITH RECURSIVE
pair AS (
  SELECT live, staged, live_schema.nspname AS schema_name, (live).relname AS table_name,
    format('%I.%I', staged_schema.nspname, (staged).relname) AS staged_relation
  FROM (
    SELECT live, staged
    FROM pg_class AS live, pg_class AS staged
    WHERE live.oid = to_regclass($1::text) AND staged.oid = to_regclass($2::text)
  ) AS found
  JOIN pg_namespace AS live_schema ON live_schema.oid = (live).relnamespace
  JOIN pg_namespace AS staged_schema ON staged_schema.oid = (staged).relnamespace
),
-- Whether columns change their types: a view over them has to be made anew then.
retyped AS (
  SELECT EXISTS (
    SELECT FROM pair
    JOIN pg_attribute AS l ON l.attrelid = (live).oid AND l.attnum > 0 AND NOT l.attisdropped
    JOIN pg_attribute AS s ON s.attrelid = (staged).oid AND s.attname = l.attname AND NOT s.attisdropped
    WHERE l.atttypid <> s.atttypid
  ) AS is_so
),
-- An index as what follows USING in its definition: where it is and what it is called left aside.
indexes AS (
  SELECT
    i.indrelid, c.relname AS name, i.indisunique,
    substr(pg_get_indexdef(i.indexrelid), length(beginning) + 1) AS definition,
    row_number() OVER (
      PARTITION BY i.indrelid, i.indisunique, substr(pg_get_indexdef(i.indexrelid), length(beginning) + 1)
      ORDER BY c.relname
    ) AS place
  FROM pair
  JOIN pg_index AS i ON i.indrelid IN ((live).oid, (staged).oid) AND i.indisvalid
  JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_class AS t ON t.oid = i.indrelid
  JOIN pg_namespace AS n ON n.oid = t.relnamespace
  CROSS JOIN LATERAL format(
    'CREATE %sINDEX %I ON %I.%I USING ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname, n.nspname, t.relname
  ) AS beginning
),
wanted AS (
  SELECT l.name, l.indisunique, l.definition, s.name AS present,
    '0_' || replace(gen_random_uuid()::text, '-', '') AS provisional
  FROM pair
  JOIN indexes AS l ON l.indrelid = (live).oid
  LEFT JOIN indexes AS s
    ON s.indrelid = (staged).oid AND s.indisunique = l.indisunique AND s.definition = l.definition AND s.place = l.place
),
-- Views over the table, and where those are made anew, the views over them.
over (view, depth) AS (
  SELECT r.ev_class, 1
  FROM pair
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = (live).oid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite AS r ON r.oid = d.objid
  UNION
  SELECT r.ev_class, o.depth + 1
  FROM over AS o
  JOIN retyped ON is_so
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.view AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> o.view
),
views AS (
  SELECT v.oid, n.oid AS schema, n.nspname, v.relname, v.reloptions, v.relowner, v.relacl::text AS rights,
    -- far less than 1: a place within a step
    o.depth * 0.0001 AS depth
  FROM (SELECT view, max(depth) AS depth FROM over GROUP BY view) AS o
  JOIN pg_class AS v ON v.oid = o.view
  JOIN pg_namespace AS n ON n.oid = v.relnamespace
),
statements AS (
  -- rights that new tables get by default, but the live one does not have
  SELECT 1 AS step, 'before' AS moment,
    format('REVOKE ALL ON TABLE %s FROM %s', staged_relation, coalesce(quote_ident(r.rolname), 'PUBLIC')) AS statement
  FROM pair
  CROSS JOIN LATERAL (SELECT DISTINCT grantee FROM aclexplode((staged).relacl)) AS granted
  LEFT JOIN pg_roles AS r ON r.oid = granted.grantee
  WHERE granted.grantee <> (staged).relowner
  UNION ALL
  SELECT 2, 'before',
    format(
      'GRANT %s ON TABLE %s TO %s%s', granted.privilege_type, staged_relation,
      coalesce(quote_ident(r.rolname), 'PUBLIC'), CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END
    )
  FROM pair
  CROSS JOIN LATERAL aclexplode((live).relacl) AS granted
  LEFT JOIN pg_roles AS r ON r.oid = granted.grantee
  WHERE granted.grantee <> (live).relowner
  UNION ALL
  SELECT 3, 'before', format('COMMENT ON TABLE %s IS %L', staged_relation, obj_description((live).oid, 'pg_class'))
  FROM pair
  UNION ALL
  -- columns that were added to both: LIKE took the comments of those that there were
  SELECT 3, 'before',
    format('COMMENT ON COLUMN %s.%I IS %L', staged_relation, l.attname, col_description(l.attrelid, l.attnum))
  FROM pair
  JOIN pg_attribute AS l ON l.attrelid = (live).oid AND l.attnum > 0 AND NOT l.attisdropped
  JOIN pg_attribute AS s ON s.attrelid = (staged).oid AND s.attname = l.attname AND NOT s.attisdropped
  WHERE col_description(l.attrelid, l.attnum) IS DISTINCT FROM col_description(s.attrelid, s.attnum)
  UNION ALL
  SELECT 4, 'before',
    format(
      'CREATE %sINDEX %I ON %s USING %s', CASE WHEN indisunique THEN 'UNIQUE ' END, provisional, staged_relation, definition
    )
  FROM pair, wanted
  WHERE present IS NULL
  UNION ALL
  -- Changes nothing and locks the view. Who reads through a view locks it before its table; so must we.
  SELECT 5 - depth, 'first',
    CASE
      WHEN is_so THEN format('DROP VIEW %I.%I', nspname, relname)
      ELSE format('ALTER VIEW %I.%I OWNER TO %I', nspname, relname, pg_get_userbyid(relowner))
    END
  FROM views, retyped
  UNION ALL
  SELECT 6 + depth, 'views',
    format(
      'CREATE OR REPLACE VIEW %I.%I%s AS %s', nspname, relname, ' WITH (' || array_to_string(reloptions, ', ') || ')',
      rtrim(pg_get_viewdef(oid), ';')
    )
  FROM views
  UNION ALL
  SELECT 6.5, 'views',
    format('REVOKE ALL ON TABLE %I.%I FROM %s', nspname, relname, coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM views
  JOIN pg_default_acl AS d ON d.defaclobjtype = 'r' AND d.defaclrole = relowner AND d.defaclnamespace IN (0, schema)
  CROSS JOIN LATERAL aclexplode(d.defaclacl) AS granted
  LEFT JOIN pg_roles AS r ON r.oid = granted.grantee
  WHERE granted.grantee <> relowner AND (SELECT is_so FROM retyped)
  UNION ALL
  SELECT 7, 'views',
    format(
      'GRANT %s ON TABLE %I.%I TO %s%s', granted.privilege_type, nspname, relname, coalesce(quote_ident(r.rolname), 'PUBLIC'),
      CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END
    )
  FROM views
  CROSS JOIN LATERAL aclexplode(rights::aclitem[]) AS granted
  LEFT JOIN pg_roles AS r ON r.oid = granted.grantee
  WHERE granted.grantee <> relowner AND (SELECT is_so FROM retyped)
  UNION ALL
  SELECT 7, 'views',
    format(
      'GRANT %s (%I) ON TABLE %I.%I TO %s%s', granted.privilege_type, a.attname, nspname, relname,
      coalesce(quote_ident(r.rolname), 'PUBLIC'), CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END
    )
  FROM views
  JOIN pg_attribute AS a ON a.attrelid = views.oid
  CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
  LEFT JOIN pg_roles AS r ON r.oid = granted.grantee
  WHERE (SELECT is_so FROM retyped)
  UNION ALL
  SELECT 8, 'views',
    CASE
      WHEN d.objsubid = 0 THEN format('COMMENT ON VIEW %I.%I IS %L', nspname, relname, d.description)
      ELSE format('COMMENT ON COLUMN %I.%I.%I IS %L', nspname, relname, a.attname, d.description)
    END
  FROM views
  JOIN pg_description AS d ON d.classoid = 'pg_class'::regclass AND d.objoid = views.oid
  LEFT JOIN pg_attribute AS a ON a.attrelid = views.oid AND a.attnum = d.objsubid
  WHERE (SELECT is_so FROM retyped)
  UNION ALL
  SELECT 9, 'names', format('ALTER INDEX %I.%I RENAME TO %I', schema_name, coalesce(present, provisional), name)
  FROM pair, wanted
)
SELECT moment, statement
FROM statements
ORDER BY step, statement
