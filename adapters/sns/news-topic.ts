import { PublishCommand, type SNSClient, SNSServiceException } from "@aws-sdk/client-sns";
import type { AddressId } from "#core/notifications/contact.ts";
import type { NewsKind } from "#core/notifications/kinds.ts";
import type { NewsMessage } from "#core/notifications/message.ts";
import { NewsRefused } from "./errors.ts";

export interface Dispatch {
  readonly merchant: string;
  readonly kind: NewsKind;
  /** Whom it is for; at least one. */
  readonly to: readonly AddressId[];
  readonly message: NewsMessage;
}

/** What became of a message: SNS has it, or nobody knows. */
export type Published = "published" | "unknown";

/** Errors of a connection that never was: nothing was sent. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

/** The topic by which merchants are told. A subscription's filter lets through what is for its address. */
export class NewsTopic {
  readonly #client: SNSClient;
  readonly #arn: string;

  /** @param client that sends each call once: SNS deduplicates nothing on a standard topic. */
  constructor(client: SNSClient, arn: string) {
    this.#client = client;
    this.#arn = arn;
  }

  /**
   * Publishes once. Without an answer it is unknown whether SNS has it.
   * @throws NewsRefused when SNS says that it does not, or was not reached at all.
   */
  async publish({ merchant, kind, to, message }: Dispatch): Promise<Published> {
    const { subject, email, sms } = message;
    try {
      await this.#client.send(
        new PublishCommand({
          TopicArn: this.#arn,
          Subject: subject,
          MessageStructure: "json",
          Message: JSON.stringify({ default: email, email, sms }),
          MessageAttributes: {
            to: { DataType: "String.Array", StringValue: JSON.stringify(to) },
            merchant: text(merchant),
            kind: text(kind),
            // Reliability before price: these are few, and somebody waits for them.
            "AWS.SNS.SMS.SMSType": text("Transactional"),
          },
        }),
      );
      return "published";
    } catch (error) {
      if (error instanceof SNSServiceException || neverSent.has(codeOf(error)))
        throw new NewsRefused(error instanceof Error ? `${error.name}: ${error.message}` : String(error), {
          cause: error,
        });
      return "unknown";
    }
  }
}

const text = (StringValue: string) => ({ DataType: "String", StringValue });

const codeOf = (error: unknown): string => String((error as { readonly code?: unknown } | null)?.code);
