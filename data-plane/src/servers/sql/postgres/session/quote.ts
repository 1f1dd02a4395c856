export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const quoteLiteral = (value: string): string => `'${value.replaceAll("'", "''")}'`
