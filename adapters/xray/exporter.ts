import { PutTraceSegmentsCommand, type XRayClient } from "@aws-sdk/client-xray";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import { segmentDocument, type TracedService } from "./segment-document.ts";

/** That X-Ray takes at once. */
export const documentsMax = 50;
/** That one of them has, in bytes. */
const documentBytesMax = 64_000;

export interface XRayExporterOptions {
  readonly xray: Pick<XRayClient, "send" | "destroy">;
  readonly service: TracedService;
  /** Told once when X-Ray does not take what it is sent, and again only after it did. */
  readonly tell: (error: Error) => void;
}

/** Sends spans to X-Ray. What it does not take is lost: nobody works worse for a trace. */
export class XRayExporter implements SpanExporter {
  readonly #options: XRayExporterOptions;
  readonly #underWay = new Set<Promise<void>>();
  #isFailing = false;

  constructor(options: XRayExporterOptions) {
    this.#options = options;
  }

  /** @param spans {@link documentsMax} at most */
  export(spans: readonly ReadableSpan[], done: Parameters<SpanExporter["export"]>[1]): void {
    // What failed is told by us: there is nothing that who sent it could do.
    const sending = this.#send(spans).finally(() => {
      this.#underWay.delete(sending);
      done({ code: 0 });
    });
    this.#underWay.add(sending);
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    this.#options.xray.destroy();
  }

  async #send(spans: readonly ReadableSpan[]): Promise<void> {
    const { xray, service, tell } = this.#options;
    try {
      const documents = spans.map((span) => segmentDocument(span, service));
      const fitting = documents.filter((document) => Buffer.byteLength(document) <= documentBytesMax);
      const { UnprocessedTraceSegments: refused = [] } =
        fitting.length === 0
          ? {}
          : await xray.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments: fitting }));
      const [first] = refused;
      if (first !== undefined)
        throw new Error(`X-Ray refused ${refused.length} segments: ${first.ErrorCode} ${first.Message}`);
      if (fitting.length < documents.length)
        throw new Error(`${documents.length - fitting.length} segments are larger than X-Ray takes`);
      this.#isFailing = false;
    } catch (thrown) {
      if (!this.#isFailing) tell(thrown as Error);
      this.#isFailing = true;
    }
  }
}
