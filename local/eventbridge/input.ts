import { z } from "zod";
import type { BusEvent } from "./event.ts";

export const inputSettings = z.object({
  /** JSON text that takes the place of the event. */
  input: z.string().optional(),
  inputPath: z.string().optional(),
  inputTransformer: z
    .object({ inputPaths: z.record(z.string(), z.string()).default({}), inputTemplate: z.string() })
    .optional(),
});

/** How a target wants an event. */
export type InputSettings = z.output<typeof inputSettings>;

/** Where an event lies in the values that a template may name beside its own. */
interface RuleNames {
  readonly ruleArn: string;
  readonly ruleName: string;
}

/** What a target gets for an event, as JSON text. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html */
export function targetInput(
  { input, inputPath, inputTransformer }: InputSettings,
  event: BusEvent,
  rule: RuleNames,
): string {
  if (input !== undefined) return input;
  if (inputPath !== undefined) return JSON.stringify(valueAt(event, inputPath) ?? null);
  if (inputTransformer === undefined) return JSON.stringify(event);
  const { inputPaths, inputTemplate } = inputTransformer;
  const values = new Map<string, unknown>(
    Object.entries(inputPaths).map(([name, path]) => [name, valueAt(event, path)]),
  );
  values.set("aws.events.rule-arn", rule.ruleArn);
  values.set("aws.events.rule-name", rule.ruleName);
  values.set("aws.events.event.ingestion-time", event.time);
  values.set("aws.events.event", { ...event, detail: undefined });
  values.set("aws.events.event.json", event);
  return filled(inputTemplate, values);
}

/** `$.detail.items[0].name`; undefined when the event has nothing there. */
function valueAt(event: unknown, path: string): unknown {
  let value = event;
  for (const [, name, index] of path.replace(/^\$/, "").matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)) {
    if (typeof value !== "object" || value === null) return undefined;
    const key = name ?? index ?? "";
    value = Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  }
  return value;
}

/** Within quotes a value is its text, elsewhere its JSON. What is not there is nothing within quotes, else null. */
function filled(template: string, values: ReadonlyMap<string, unknown>): string {
  let isQuoted = false;
  return template.replace(/\\.|"|<([\w.-]+)>/g, (found, name: string | undefined) => {
    if (found === '"') isQuoted = !isQuoted;
    if (name === undefined || !values.has(name)) return found;
    const value = values.get(name);
    if (!isQuoted) return JSON.stringify(value) ?? "null";
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    return JSON.stringify(text).slice(1, -1);
  });
}
