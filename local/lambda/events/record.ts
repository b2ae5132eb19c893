/** How Lambda names the end of an event. */
export type EventCondition = "Success" | "RetriesExhausted" | "EventAgeExceeded" | "ZeroReservedConcurrency";

/** The last answer of the function, as far as there is one. */
export interface EventAnswer {
  /** JSON text. */
  readonly payload: string;
  readonly functionError: string | undefined;
}

/** An event that came to its end. */
export interface EndedEvent {
  readonly requestId: string;
  readonly functionArn: string;
  /** JSON text. */
  readonly payload: string;
  readonly condition: EventCondition;
  /** Invocations that reached the function. */
  readonly invocations: number;
  readonly answer: EventAnswer | undefined;
  /** Epoch milliseconds. */
  readonly endedAtMs: number;
}

const dlqMessageCharsMax = 1_024;

/** What a destination gets: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export function destinationRecord(event: EndedEvent): Readonly<Record<string, unknown>> {
  const { answer } = event;
  return {
    version: "1.0",
    timestamp: new Date(event.endedAtMs).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: `${event.functionArn}:$LATEST`,
      condition: event.condition,
      approximateInvokeCount: event.invocations,
    },
    requestPayload: JSON.parse(event.payload),
    ...(answer !== undefined && {
      responseContext: {
        statusCode: 200,
        executedVersion: "$LATEST",
        ...(answer.functionError !== undefined && { functionError: answer.functionError }),
      },
      responsePayload: JSON.parse(answer.payload),
    }),
  };
}

/** A record as an event bus gets it. */
export function destinationBusEvent(
  event: EndedEvent,
  destinationArn: string,
): { source: string; detailType: string; resources: readonly string[] } {
  return {
    source: "lambda",
    detailType: `Lambda Function Invocation Result - ${event.condition === "Success" ? "Success" : "Failure"}`,
    resources: [`${event.functionArn}:$LATEST`, destinationArn],
  };
}

/** The attributes beside the event on a dead-letter queue. */
export function deadLetterAttributes(event: EndedEvent): Readonly<Record<string, MessageAttribute>> {
  const { code, message } = deadLetterError(event);
  return {
    RequestID: { type: "String", value: event.requestId },
    ErrorCode: { type: "Number", value: String(code) },
    ErrorMessage: { type: "String", value: message.slice(0, dlqMessageCharsMax) },
  };
}

export interface MessageAttribute {
  readonly type: "String" | "Number";
  readonly value: string;
}

function deadLetterError({ condition, answer }: EndedEvent): { code: number; message: string } {
  if (condition === "ZeroReservedConcurrency") {
    // Spelt as Lambda spells it.
    return {
      code: 429,
      message: "Function not invoked. Function isconfigured with zero reserved concurrent executions",
    };
  }
  if (answer === undefined) return { code: 429, message: "Rate Exceeded." };
  const { errorMessage } = (JSON.parse(answer.payload) ?? {}) as { errorMessage?: unknown };
  return { code: 200, message: typeof errorMessage === "string" ? errorMessage : answer.payload };
}
