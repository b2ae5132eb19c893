import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AWSXRayIdGenerator } from "@opentelemetry/id-generator-aws-xray";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { withinBudget } from "./budget.ts";
import { documentsMax, XRayExporter, type XRayExporterOptions } from "./exporter.ts";
import { isIdle } from "./spans.ts";

/** Spans that wait to be sent: some megabytes. What comes while so many wait is dropped. */
const waitingMax = 2_000;
/** Milliseconds until what is there is sent. */
const sendEveryMs = 1_000;
/** Milliseconds that X-Ray has to take it, tries included. */
const sendMsMax = 3_000;
/** Characters that X-Ray searches. */
const valueLengthMax = 1_000;
const factsMax = 40;

export interface Tracing {
  /** Sends what waits, and traces no more. Within seconds, also while X-Ray does not answer. Never rejects. */
  stop(): Promise<void>;
}

/** From now on each work of this process is a trace in X-Ray (spans.ts). One at a time: works find it by themselves. */
export function startTracing(options: XRayExporterOptions): Tracing {
  const sending = new BatchSpanProcessor(new XRayExporter(options), {
    ...{ maxQueueSize: waitingMax, maxExportBatchSize: documentsMax },
    ...{ scheduledDelayMillis: sendEveryMs, exportTimeoutMillis: sendMsMax },
  });
  const provider = new BasicTracerProvider({
    idGenerator: new AWSXRayIdGenerator(),
    sampler: withinBudget,
    spanLimits: { attributeValueLengthLimit: valueLengthMax, attributeCountLimit: factsMax },
    spanProcessors: [new WholeTraces(sending)],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return {
    async stop() {
      await provider.shutdown().catch(options.tell);
      trace.disable();
      context.disable();
    },
  };
}

/** Hands a trace on when its work is over: only then it is known whether there was any. */
class WholeTraces implements SpanProcessor {
  readonly #next: SpanProcessor;
  /** By their traces: as many as there are works under way, each within its budget. */
  readonly #steps = new Map<string, ReadableSpan[]>();

  constructor(next: SpanProcessor) {
    this.#next = next;
  }

  onStart(span: ReadableSpan): void {
    if (span.parentSpanContext === undefined) this.#steps.set(span.spanContext().traceId, []);
  }

  onEnd(span: ReadableSpan): void {
    const { traceId } = span.spanContext();
    const steps = this.#steps.get(traceId);
    // A step that outlives its work is in no trace.
    if (steps === undefined) return;
    if (span.parentSpanContext !== undefined) return void steps.push(span);
    this.#steps.delete(traceId);
    if (isIdle(span)) return;
    for (const each of [span, ...steps]) this.#next.onEnd(each);
  }

  forceFlush(): Promise<void> {
    return this.#next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#next.shutdown();
  }
}
