import type { JsonSchema } from '../base/index.ts';

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** Whether a value fits a schema: of the words of JSON Schema those that ours uses, and no word that it does not know. */
export function fits(value: unknown, schema: JsonSchema, root: JsonSchema): boolean {
  return Object.entries(schema).every(([word, rule]) => {
    const check = WORDS[word];
    if (check === undefined) throw new Error(`the schema says ${word}, which is not known here`);
    return check(value, rule, schema, root);
  });
}

type Check = (value: unknown, rule: unknown, schema: JsonSchema, root: JsonSchema) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> => TYPES['object']!(value);
const schemas = (rule: unknown) => rule as readonly JsonSchema[];
const said = () => true;

const WORDS: Readonly<Record<string, Check>> = {
  $schema: said,
  $defs: said,
  title: said,
  $ref: (value, rule, _, root) => {
    const name = String(rule).replace('#/$defs/', '');
    return fits(value, (root['$defs'] as Record<string, JsonSchema>)[name]!, root);
  },
  type: (value, rule) => [rule].flat().some((type) => TYPES[String(type)]!(value)),
  enum: (value, rule) => (rule as unknown[]).includes(value),
  const: (value, rule) => value === rule,
  minimum: (value, rule) => typeof value !== 'number' || value >= Number(rule),
  maximum: (value, rule) => typeof value !== 'number' || value <= Number(rule),
  anyOf: (value, rule, _, root) => schemas(rule).some((each) => fits(value, each, root)),
  not: (value, rule, _, root) => !fits(value, rule as JsonSchema, root),
  items: (value, rule, _, root) =>
    !Array.isArray(value) || value.every((item) => fits(item, rule as JsonSchema, root)),
  minItems: (value, rule) => !Array.isArray(value) || value.length >= Number(rule),
  minProperties: (value, rule) => !isObject(value) || Object.keys(value).length >= Number(rule),
  maxProperties: (value, rule) => !isObject(value) || Object.keys(value).length <= Number(rule),
  required: (value, rule) => !isObject(value) || (rule as string[]).every((key) => Object.hasOwn(value, key)),
  properties: (value, rule, _, root) => {
    const known = rule as Record<string, JsonSchema>;
    if (!isObject(value)) return true;
    return Object.entries(value).every(
      ([key, each]) => !Object.hasOwn(known, key) || fits(each, known[key]!, root),
    );
  },
  additionalProperties: (value, rule, schema, root) => {
    if (!isObject(value)) return true;
    const known = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
    const more = Object.entries(value).filter(([key]) => !Object.hasOwn(known, key));
    return rule === false
      ? more.length === 0
      : more.every(([, each]) => fits(each, rule as JsonSchema, root));
  },
};
