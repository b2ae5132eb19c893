import { type Attributes, context, ROOT_CONTEXT, type Span, SpanKind, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { Budget, withBudget } from "./budget.ts";
import { linkIn, rootOf } from "./ids.ts";
import { type Blame, told } from "./segment-document.ts";

/** Asked for each time: one that is kept goes on with a tracing that has ended. */
const tracer = () => trace.getTracer("tallystick");
/** Says of a work that there was nothing to do: its trace is not kept. */
const idle = "idle";

/** What broke off had something to do. */
export const isIdle = ({ attributes }: ReadableSpan): boolean =>
  attributes[idle] === true && attributes[told.blame] === undefined;

/** Ids, keys, counts: never what a file says, a person or a card. Of a work, those with names of one word are searched by. */
type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** A work under way. */
export interface Work {
  /** What X-Ray calls its trace: `1-…`. */
  readonly trace: string;
  /** Tells what became of it. */
  note(facts: Facts): void;
  /** It was done, and what was brought or found is wrong. */
  blame(whose: Blame): void;
  /** There was nothing to do, which nobody needs to see: it is no trace. */
  forget(): void;
}

export interface WorkOptions {
  readonly name: string;
  readonly facts?: Facts | undefined;
  /** The trace header of what asked for it: linked, and not gone on with. Whether we trace is for nobody else to say. */
  readonly cause?: string | undefined;
}

/**
 * Does something that is a trace of its own. What it does by {@link watched} ports and clients are its steps.
 * @throws what `work` throws, and the trace has its name
 */
export async function traced<T>(
  { name, facts = {}, cause }: WorkOptions,
  work: (work: Work) => Promise<T>,
): Promise<T> {
  const budget = new Budget();
  const link = cause === undefined ? undefined : linkIn(cause);
  const within = withBudget(ROOT_CONTEXT, budget);
  const links = link === undefined ? [] : [{ context: link }];
  const span = tracer().startSpan(
    name,
    { root: true, kind: SpanKind.CONSUMER, attributes: attributesOf(facts), links },
    within,
  );
  try {
    return await context.with(trace.setSpan(within, span), () => work(workOf(span)));
  } catch (thrown) {
    span.setAttributes({ [told.blame]: "fault", [told.errorType]: nameOf(thrown) });
    throw thrown;
  } finally {
    for (const [step, count] of budget.leftOut) span.setAttribute(`left_out.${step}`, count);
    span.end();
  }
}

const workOf = (span: Span): Work => ({
  trace: rootOf(span.spanContext().traceId),
  note: (facts) => void span.setAttributes(attributesOf(facts)),
  blame: (whose) => void span.setAttribute(told.blame, whose),
  forget: () => void span.setAttribute(idle, true),
});

/** One step of the work under way; outside of a work, nothing but what it does. */
export function step<T>(name: string, attributes: Attributes, run: (span: Span) => T): T {
  return tracer().startActiveSpan(name, { kind: SpanKind.CLIENT, attributes }, (span) => {
    const fail = (thrown: unknown): never => {
      span.setAttributes({ [told.blame]: blameOf(thrown), [told.errorType]: nameOf(thrown) });
      throw thrown;
    };
    let result: T;
    try {
      result = run(span);
    } catch (thrown) {
      span.end();
      return fail(thrown);
    }
    if (result instanceof Promise) return result.catch(fail).finally(() => span.end()) as T;
    span.end();
    return result;
  });
}

/**
 * A port whose calls are steps, by its name and theirs: `books.post`. Of what it is given and answers, they tell how many
 * there are of the first list in it.
 */
export const watched = <Port extends object>(name: string, port: Port): Port =>
  new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function" || typeof property !== "string") return value;
      return (...given: unknown[]): unknown =>
        step(`${name}.${property}`, countIn(given), () => Reflect.apply(value, target, given) as unknown);
    },
  });

function countIn(given: readonly unknown[]): Attributes {
  const list = given.find(Array.isArray);
  return list === undefined ? {} : { count: list.length };
}

const attributesOf = (facts: Facts): Attributes => ({ ...facts });

/** Names that services of AWS have for too many calls. */
const throttling = /throttl|toomanyrequests|slowdown|limitexceeded|throughputexceeded/i;

/** Services of AWS say whose fault it was. */
function blameOf(thrown: unknown): Blame {
  const { $fault, name = "" } = (thrown ?? {}) as { $fault?: unknown; name?: string };
  if ($fault === undefined) return "fault";
  if (throttling.test(name)) return "throttle";
  return $fault === "client" ? "error" : "fault";
}

/** Codes of PostgreSQL and of Node.js say what their names do not. */
function nameOf(thrown: unknown): string {
  const { name, code } = (thrown ?? {}) as { name?: unknown; code?: unknown };
  const known = [name, code].filter((each) => typeof each === "string" && /^\w{1,100}$/.test(each));
  return [...new Set(known)].join(" ") || "unknown";
}
