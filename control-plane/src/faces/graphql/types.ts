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

/** GraphQL types made of the contract's schemas: each schema once as output, once as input. */
export class ContractTypes {
  private readonly builder: Builder
  private readonly outputs = new Map<z.ZodType, Output>()
  private readonly inputs = new Map<z.ZodType, Input>()
  private readonly enums = new Map<z.ZodType, Output & Input>()

  constructor(builder: Builder) {
    this.builder = builder
  }

  /** `hint` names the type when the contract does not. */
  output(schema: z.ZodType, hint: string): Output {
    const shape = shapeOf(schema)
    if (shape.as === 'scalar') return shape.scalar
    if (shape.as === 'enum') return this.enum(shape, hint)
    if (shape.as === 'list') return [this.output(shape.item, hint)] as unknown as Output
    const known = this.outputs.get(shape.schema)
    if (known) return known

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
    const known = this.inputs.get(shape.schema)
    if (known) return known

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
    const known = this.enums.get(schema)
    if (known) return known
    const made = this.builder.enumType(TYPE_NAMES.get(schema) ?? hint, { values }) as unknown as Output & Input
    this.enums.set(schema, made)
    return made
  }
}

export const pascal = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1)
