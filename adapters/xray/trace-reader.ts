import { BatchGetTracesCommand, paginateGetTraceSummaries, type XRayClient } from "@aws-sdk/client-xray";
import { z } from "zod";

/** That one question may ask for. */
const tracesAtOnce = 5;
/** Read in all: a file comes once, and some times more where it breaks off. */
const tracesMax = 50;

const part = z.object({
  name: z.string(),
  /** Epoch seconds. */
  start_time: z.number(),
  end_time: z.number().optional(),
  annotations: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  metadata: z.object({ facts: z.record(z.string(), z.unknown()).default({}) }).default({ facts: {} }),
  aws: z.object({ operation: z.string().optional() }).default({}),
  error: z.boolean().default(false),
  fault: z.boolean().default(false),
  cause: z
    .object({ exceptions: z.array(z.object({ type: z.string().optional() })).default([]) })
    // X-Ray also knows the id of a cause that is told elsewhere.
    .or(z.string().transform(() => ({ exceptions: [] })))
    .default({ exceptions: [] }),
});

/** A step of a work, or the work itself. */
export interface TracedPart extends z.output<typeof part> {
  readonly subsegments: readonly TracedPart[];
}
const tracedPart: z.ZodType<TracedPart> = part.extend({
  subsegments: z.lazy(() => z.array(tracedPart)).default([]),
});

/** A trace, by what X-Ray calls it. */
export interface ReadTrace {
  readonly id: string;
  readonly segments: readonly TracedPart[];
}

/** Looks traces up by what they are annotated with. */
export class TraceReader {
  readonly #xray: XRayClient;

  constructor(xray: XRayClient) {
    this.#xray = xray;
  }

  /**
   * Traces that have this annotation, and began between two times: a day apart at most, as X-Ray has it.
   * @returns the earliest first, fifty at most
   */
  async find(key: string, value: string, since: Date, until: Date): Promise<readonly ReadTrace[]> {
    const ids: string[] = [];
    const asked = {
      ...{ StartTime: since, EndTime: until },
      FilterExpression: `annotation.${key} = ${JSON.stringify(value)}`,
    };
    for await (const { TraceSummaries = [] } of paginateGetTraceSummaries({ client: this.#xray }, asked))
      ids.push(...TraceSummaries.flatMap(({ Id }) => Id ?? []));
    const found: ReadTrace[] = [];
    const wanted = ids.slice(0, tracesMax);
    for (let from = 0; from < wanted.length; from += tracesAtOnce) {
      const TraceIds = wanted.slice(from, from + tracesAtOnce);
      const { Traces = [] } = await this.#xray.send(new BatchGetTracesCommand({ TraceIds }));
      for (const { Id: id = "", Segments = [] } of Traces)
        found.push({
          id,
          segments: Segments.map(({ Document = "" }) => tracedPart.parse(JSON.parse(Document))),
        });
    }
    const begin = ({ segments }: ReadTrace) => Math.min(...segments.map(({ start_time }) => start_time));
    return found.toSorted((one, other) => begin(one) - begin(other));
  }
}
