import type { InputTypeParam, TypeParam } from '@pothos/core'
import type { z } from 'zod'
import type { Builder } from './builder.ts'
import { TYPE_NAMES } from './names.ts'
import { isNullable, mayBeAbsent, shapeOf } from './zod-shape.ts'
import type { Shape } from './zod-shape.ts'

type BuilderTypes = Builder extends PothosSchemaTypes.SchemaBuilder<infer T> ? T : never
type Output = TypeParam<BuilderTypes>
type Input = InputTypeParam<BuilderTypes>
type Row = Record<string, unknown>

/** Makes GraphQL types from the contract's schemas: one output type and one input type for each schema. */
export class ContractTypes {
  private readonly builder: Builder
  private readonly outputs = new Map<z.ZodType, Output>()
  private readonly inputs = new Map<z.ZodType, Input>()
  private readonly enums = new Map<z.ZodType, Output & Input>()

  constructor(builder: Builder) {
    this.builder = builder
  }

  /** `hint` is the name of the type if `TYPE_NAMES` has none. */
  output(schema: z.ZodType, hint: string): Output {
    const shape = shapeOf(schema)
    if (shape.as === 'scalar') return shape.scalar
    if (shape.as === 'enum') return this.enum(shape, hint)
    if (shape.as === 'list') return [this.output(shape.item, hint)] as unknown as Output
    const existing = this.outputs.get(shape.schema)
    if (existing) return existing

    const name = TYPE_NAMES.get(shape.schema) ?? hint
    const ref = this.builder.objectRef<Row>(name)
    this.outputs.set(shape.schema, ref)
    ref.implement({
      fields: (t) =>
        Object.fromEntries(
          shape.fields.map(([key, field]) => [
            key,
            t.field({
              type: this.output(field, `${name}${pascal(key)}`),
              nullable: mayBeAbsent(field),
              resolve: (row: Row) => row[key] as never,
            }),
          ]),
        ),
    })
    return ref
  }

  input(schema: z.ZodType, hint: string): Input {
    const shape = shapeOf(schema)
    if (shape.as === 'scalar') return shape.scalar
    if (shape.as === 'enum') return this.enum(shape, hint)
    if (shape.as === 'list') return [this.input(shape.item, hint)] as unknown as Input
    const existing = this.inputs.get(shape.schema)
    if (existing) return existing

    const stem = TYPE_NAMES.get(shape.schema) ?? hint
    const ref = this.builder.inputRef<Row>(`${stem}Input`)
    this.inputs.set(shape.schema, ref)
    this.builder.inputType(ref, { fields: (t) => this.inputFields(t, shape, stem) as never })
    return ref
  }

  private inputFields(
    t: PothosSchemaTypes.InputFieldBuilder<BuilderTypes, 'InputObject'>,
    { fields }: Shape & { as: 'object' },
    stem: string,
  ) {
    return Object.fromEntries(
      fields.map(([key, field]) => [key, t.field({ type: this.input(field, `${stem}${pascal(key)}`), required: !isNullable(field) })]),
    )
  }

  private enum({ schema, values }: Shape & { as: 'enum' }, hint: string): Output & Input {
    const existing = this.enums.get(schema)
    if (existing) return existing
    const type = this.builder.enumType(TYPE_NAMES.get(schema) ?? hint, { values }) as unknown as Output & Input
    this.enums.set(schema, type)
    return type
  }
}

export const pascal = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1)
