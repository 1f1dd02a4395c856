/*
 * PostgreSQL's parser turns a statement into a tree of nodes. A node has a kind, such as SelectStmt, and fields, such
 * as `fromClause`, which hold other nodes, lists of nodes, or plain values. The names are those of the C structs in
 * PostgreSQL's parsenodes.h and primnodes.h, and the JSON is that of libpg-query: `{ "ColumnRef": { "fields": […] }
 * }`.
 */

/**
 * Every kind of node a statement may hold, and the fields that a node of this kind may have. The guard walks the whole
 * tree and refuses every kind and every field that is not written here. So it refuses INSERT inside WITH, INTO, FOR
 * UPDATE and XML, and also any syntax that a later PostgreSQL adds, until somebody has thought about it and adds it
 * here.
 */
export const ALLOWED_NODES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    SelectStmt: `distinctClause targetList fromClause whereClause groupClause groupDistinct havingClause windowClause valuesLists
      sortClause limitOffset limitCount limitOption withClause op all larg rarg`,
    WithClause: 'ctes recursive',
    CommonTableExpr: 'ctename aliascolnames ctematerialized ctequery',
    ResTarget: 'name val',
    SortBy: 'node sortby_dir sortby_nulls useOp',
    GroupingSet: 'kind content',
    WindowDef: 'name refname partitionClause orderClause frameOptions startOffset endOffset',

    RangeVar: 'schemaname relname inh relpersistence alias',
    RangeSubselect: 'lateral subquery alias',
    RangeFunction: 'lateral ordinality is_rowsfrom functions alias coldeflist',
    RangeTableSample: 'relation method args repeatable',
    JoinExpr: 'jointype isNatural larg rarg usingClause join_using_alias quals alias',
    ColumnDef: 'colname typeName is_local',
    Alias: 'aliasname colnames',

    ColumnRef: 'fields',
    ParamRef: 'number',
    A_Const: 'ival fval sval bsval boolval isnull',
    A_Star: '',
    A_Expr: 'kind name lexpr rexpr rexpr_list_start rexpr_list_end',
    A_ArrayExpr: 'elements list_start list_end',
    A_Indirection: 'arg indirection',
    A_Indices: 'is_slice lidx uidx',
    BoolExpr: 'boolop args',
    BooleanTest: 'arg booltesttype',
    NullTest: 'arg nulltesttype',
    CaseExpr: 'arg args defresult',
    CaseWhen: 'expr result',
    CoalesceExpr: 'args',
    MinMaxExpr: 'op args',
    RowExpr: 'args row_format',
    GroupingFunc: 'args',
    SubLink: 'subLinkType testexpr operName subselect',
    SQLValueFunction: 'op typmod',
    FuncCall: 'funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct func_variadic funcformat',
    NamedArgExpr: 'name arg argnumber',
    JsonObjectConstructor: 'exprs output absent_on_null unique',
    JsonArrayConstructor: 'exprs output absent_on_null',
    JsonArrayQueryConstructor: 'query output format absent_on_null',
    JsonObjectAgg: 'constructor arg absent_on_null unique',
    JsonArrayAgg: 'constructor arg absent_on_null',
    JsonAggConstructor: 'output agg_filter agg_order over',
    JsonParseExpr: 'expr output unique_keys',
    JsonScalarExpr: 'expr output',
    JsonSerializeExpr: 'expr output',
    JsonIsPredicate: 'expr format item_type unique_keys',
    JsonFuncExpr: 'op context_item pathspec passing output on_empty on_error wrapper quotes',
    JsonArgument: 'val name',
    JsonBehavior: 'btype expr coerce',
    JsonKeyValue: 'key value',
    JsonValueExpr: 'raw_expr format',
    JsonFormat: 'format_type encoding',
    JsonOutput: 'typeName returning',
    JsonReturning: 'format',
    TypeCast: 'arg typeName',
    TypeName: 'names typmods typemod arrayBounds',
    CollateClause: 'arg collname',
    List: 'items',
    String: 'sval',
    Integer: 'ival',
    Float: 'fval',
    Boolean: 'boolval',
  }).map(([kind, fields]) => [kind, new Set(fields.split(/\s+/).filter(Boolean))]),
)

/**
 * The kind of a node whose JSON does not say it. Where PostgreSQL's struct allows one kind only in a field, the JSON
 * leaves the kind out: `"alias": { "aliasname": "c" }`. The name of the field tells it then, and where one name has
 * several meanings, the name with the kind of the node around it.
 */
export const KIND_BY_FIELD: Readonly<Record<string, string>> = {
  'JsonArrayAgg.arg': 'JsonValueExpr',
  'JsonObjectAgg.arg': 'JsonKeyValue',
  'JsonKeyValue.value': 'JsonValueExpr',
  'JsonArgument.val': 'JsonValueExpr',
  'JsonParseExpr.expr': 'JsonValueExpr',
  'JsonSerializeExpr.expr': 'JsonValueExpr',
  'JsonFuncExpr.context_item': 'JsonValueExpr',
  'JsonFuncExpr.on_empty': 'JsonBehavior',
  'JsonFuncExpr.on_error': 'JsonBehavior',
  constructor: 'JsonAggConstructor',
  format: 'JsonFormat',
  output: 'JsonOutput',
  returning: 'JsonReturning',
  larg: 'SelectStmt',
  rarg: 'SelectStmt',
  withClause: 'WithClause',
  over: 'WindowDef',
  alias: 'Alias',
  join_using_alias: 'Alias',
  typeName: 'TypeName',
  ival: 'Integer',
  fval: 'Float',
  sval: 'String',
  boolval: 'Boolean',
  bsval: 'BitString',
}

/**
 * Reasons for refusing the kinds and fields that people do try. A refusal of any other names the kind or field itself.
 */
export const REFUSAL_REASONS: Readonly<Record<string, string>> = {
  intoClause: 'SELECT INTO writes a table',
  lockingClause: 'row locks (FOR UPDATE, FOR SHARE)',
  ExplainStmt: 'EXPLAIN belongs to explain_query, which takes the SELECT alone',
  InsertStmt: 'INSERT writes',
  UpdateStmt: 'UPDATE writes',
  DeleteStmt: 'DELETE writes',
  MergeStmt: 'MERGE writes',
  XmlExpr: 'XML expressions',
  RangeTableFunc: 'XMLTABLE',
  JsonTable: 'JSON_TABLE (json_to_recordset is accepted)',
  catalogname: 'the name of a database before a schema',
  MergeSupportFunc: 'MERGE_ACTION, which belongs to MERGE',
}
