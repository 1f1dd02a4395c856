const setOf = (...lines: string[]): ReadonlySet<string> => new Set(lines.flatMap((names) => names.split(/\s+/).filter(Boolean)))

/**
 * The functions a statement may call. None of them runs text as SQL, reads a file, changes state, waits, or takes the
 * name of a table as a string. A function that is not written here is refused, unless the administrator has added it.
 */
export const ALLOWED_FUNCTIONS = setOf(
  // aggregates
  `count sum avg min max any_value bool_and bool_or every bit_and bit_or bit_xor string_agg array_agg json_agg jsonb_agg json_object_agg
   jsonb_object_agg corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
   stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont percentile_disc range_agg`,
  // window
  'row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value',
  // text
  `length char_length character_length octet_length bit_length lower upper initcap trim btrim ltrim rtrim lpad rpad left right substr
   substring position strpos replace translate reverse split_part concat concat_ws format ascii chr starts_with string_to_array
   string_to_table array_to_string regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_count
   regexp_instr regexp_like regexp_substr overlay normalize is_normalized like_escape similar_to_escape to_char to_number to_hex md5
   sha224 sha256 sha384 sha512 encode decode convert_to convert_from quote_literal quote_ident quote_nullable unistr casefold`,
  // numbers
  `abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power mod div gcd lcm factorial pi degrees radians sin cos tan cot
   asin acos atan atan2 sinh cosh tanh random width_bucket scale min_scale trim_scale pg_size_pretty`,
  // dates
  `now statement_timestamp transaction_timestamp clock_timestamp date date_trunc date_part date_bin extract age make_date make_time
   make_timestamp make_timestamptz make_interval to_date to_timestamp timezone overlaps isfinite justify_days justify_hours
   justify_interval`,
  // JSON readers and builders
  `to_json to_jsonb row_to_json array_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array json_object
   jsonb_object json_array_length jsonb_array_length json_each jsonb_each json_each_text jsonb_each_text json_extract_path
   jsonb_extract_path json_extract_path_text jsonb_extract_path_text json_object_keys jsonb_object_keys json_array_elements
   jsonb_array_elements json_array_elements_text jsonb_array_elements_text json_typeof jsonb_typeof json_to_record jsonb_to_record
   json_to_recordset jsonb_to_recordset json_strip_nulls jsonb_strip_nulls jsonb_set jsonb_insert jsonb_pretty jsonb_path_exists
   jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first`,
  // arrays, sets, ranges
  `array_length array_ndims array_dims array_lower array_upper array_position array_positions array_append array_prepend array_cat
   array_remove array_replace cardinality unnest generate_series generate_subscripts isempty lower_inc upper_inc range_merge int4range
   int8range numrange daterange tsrange tstzrange`,
  // search and other
  `to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd similarity word_similarity
   gen_random_uuid num_nulls num_nonnulls pg_typeof`,
)

/** Those of the allowed functions that belong to an extension and not to PostgreSQL itself. */
export const EXTENSION_FUNCTIONS = setOf('similarity word_similarity')

/**
 * The types a cast may name. Two families must stay out, because they name a table: the row type that every table has,
 * and regclass with the other reg* types, which turn a string into a table or function.
 */
export const ALLOWED_TYPES = setOf(
  `int2 int4 int8 numeric float4 float8 bool text varchar bpchar char name bytea date time timetz timestamp timestamptz interval uuid
   json jsonb jsonpath money bit varbit inet cidr macaddr tsvector tsquery int4range int8range numrange daterange tsrange tstzrange
   point citext`,
)

/** PostgreSQL's own operators. Operators of other schemas are refused even when they have the same sign. */
export const ALLOWED_OPERATORS = setOf(
  `= <> != < > <= >= + - * / % ^ |/ ||/ @ || ~ ~* !~ !~* ~~ ~~* !~~ !~~* & | # << >> -> ->> #> #>> @> <@ ? ?| ?& && @? @@ -|- <-> &< &>
   ^@`,
)
