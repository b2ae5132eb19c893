import { BatchGetTracesCommand, GetTraceSummariesCommand, XRayClient } from "@aws-sdk/client-xray";
import type { Endpoints } from "#local/endpoints.ts";
import { eventually } from "./eventually.ts";
import { awsClient } from "./local-system.ts";

/** A segment or a subsegment, as far as tests look at it. */
export interface Segment {
  readonly id: string;
  readonly name: string;
  readonly trace_id: string;
  readonly fault?: boolean;
  readonly error?: boolean;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly metadata?: { readonly facts?: Readonly<Record<string, unknown>> };
  readonly aws?: Readonly<Record<string, unknown>>;
  readonly cause?: { readonly exceptions: readonly { readonly type: string }[] };
  readonly links?: readonly { readonly trace_id: string; readonly id: string }[];
  readonly subsegments?: readonly Segment[];
}

/** The traces of a running system, by X-Ray's own API. */
export class TestTraces {
  readonly #xray: XRayClient;

  constructor(endpoints: Pick<Endpoints, "aws">) {
    this.#xray = new XRayClient(awsClient(endpoints));
  }

  stop(): void {
    this.#xray.destroy();
  }

  /** Those of the last hour that a filter expression is about. */
  async find(FilterExpression: string): Promise<readonly Segment[]> {
    const now = Date.now();
    const { TraceSummaries = [] } = await this.#xray.send(
      new GetTraceSummariesCommand({
        ...{ StartTime: new Date(now - 3_600_000), EndTime: new Date(now + 60_000), FilterExpression },
      }),
    );
    const found: Segment[] = [];
    for (const { Id = "" } of TraceSummaries) {
      const { Traces = [] } = await this.#xray.send(new BatchGetTracesCommand({ TraceIds: [Id] }));
      const segments = Traces.flatMap(({ Segments = [] }) => Segments);
      found.push(...segments.map(({ Document = "" }) => JSON.parse(Document) as Segment));
    }
    return found;
  }

  /** The first one that there is. */
  first(filter: string): Promise<Segment> {
    return eventually(async () => (await this.find(filter))[0]);
  }
}

/** Names of what is within a segment, at any depth. */
export const namesIn = ({ subsegments = [] }: Segment): readonly string[] =>
  subsegments.flatMap((each) => [each.name, ...namesIn(each)]);
