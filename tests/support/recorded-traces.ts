import type { PutTraceSegmentsCommand, PutTraceSegmentsCommandOutput } from "@aws-sdk/client-xray";
import { expect } from "vitest";
import { startTracing } from "#adapters/xray/tracing.ts";
import { readDocument } from "#local/xray/document.ts";
import type { Segment } from "./traces.ts";

/** A segment or subsegment as it was sent. */
export interface SentSegment extends Segment {
  readonly parent_id?: string;
  readonly start_time: number;
  readonly end_time: number;
  readonly throttle?: boolean;
}

/** What an X-Ray was sent, each document of which it would take. */
export class RecordedTraces {
  readonly batches: SentSegment[][] = [];
  /** What was said of traces that are lost. */
  readonly told: string[] = [];
  /** What X-Ray says. */
  answer: () => Promise<Partial<PutTraceSegmentsCommandOutput>> = async () => ({});
  readonly #tracing = startTracing({
    xray: {
      send: (command: PutTraceSegmentsCommand) => {
        const { TraceSegmentDocuments: texts = [] } = command.input;
        for (const text of texts) expect(readDocument(text, Date.now())).toMatchObject({ ok: true });
        this.batches.push(texts.map((text) => JSON.parse(text)));
        return this.answer();
      },
      destroy: () => undefined,
    } as never,
    service: { name: "reconciler", pod: "reconciler-1" },
    tell: ({ message }) => this.told.push(message),
  });

  /** Ends the tracing, as the end of its process would. */
  stop(): Promise<void> {
    return this.#tracing.stop();
  }

  /** All that was sent until the end. */
  async sent(): Promise<readonly SentSegment[]> {
    await this.stop();
    return this.batches.flat();
  }
}
