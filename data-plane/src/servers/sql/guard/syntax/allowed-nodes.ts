/**
 * Every kind of node a statement may hold, with the parts it may have. A kind or part that is not named here is refused, at any
 * depth: writing CTEs, INTO, FOR UPDATE, XML, field selection and whatever a later PostgreSQL may bring.
 */
export const NODES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
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
    TypeCast: 'arg typeName',
    TypeName: 'names typmods typemod arrayBounds',
    CollateClause: 'arg collname',
    List: 'items',
    String: 'sval',
    Integer: 'ival',
    Float: 'fval',
    Boolean: 'boolval',
  }).map(([kind, parts]) => [kind, new Set(parts.split(/\s+/).filter(Boolean))]),
)

/** Parts whose node comes without its kind. */
export const UNTAGGED: Readonly<Record<string, string>> = {
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

/** What a refusal says of the kinds and parts that people do try. */
export const WORDS: Readonly<Record<string, string>> = {
  intoClause: 'SELECT INTO writes a table',
  lockingClause: 'row locks (FOR UPDATE, FOR SHARE) are not accepted',
  ExplainStmt: 'EXPLAIN belongs to explain_query, which takes the SELECT alone',
  InsertStmt: 'INSERT writes',
  UpdateStmt: 'UPDATE writes',
  DeleteStmt: 'DELETE writes',
  MergeStmt: 'MERGE writes',
  XmlExpr: 'XML expressions are not accepted',
  RangeTableFunc: 'XMLTABLE is not accepted',
  JsonTable: 'JSON_TABLE is not accepted; json_to_recordset is',
}
