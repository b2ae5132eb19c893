import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Deliver } from "./deliveries.ts";
import type { Kept } from "./subscriptions.ts";

/** It holds what merchants are told: for the user who started the local cloud only. */
const ownerOnly = 0o600;
const countDigits = 6;
/** SMS shows so much of the name of a topic. */
const senderLengthMax = 10;

export interface MailboxOptions {
  readonly directory: string;
  /** Where SNS answers: links lead there. */
  readonly url: string;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** What a topic calls itself before people. */
  readonly senderOf: (topicArn: string) => string;
}

/**
 * Where mail and SMS arrive on this machine: a file for each message, in the order of their names. Mail is as RFC 5322 has
 * it (`.eml`), so that any mail program shows it.
 */
export class Mailbox {
  readonly #options: MailboxOptions;
  /** Tells messages of one millisecond apart, and which came first. Undefined: nobody has counted them yet. */
  #count: number | undefined;

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  /** Asks the reader of an address whether it is theirs. */
  ask({ topic, endpoint, token }: Kept): void {
    const link = this.#link({ Action: "ConfirmSubscription", TopicArn: topic, Token: token });
    this.#mail(topic, endpoint, "AWS Notification - Subscription Confirmation", [
      "You have chosen to subscribe to the topic:",
      topic,
      "",
      "To confirm this subscription, visit the link below. If this was a mistake, do nothing.",
      link,
    ]);
  }

  readonly deliverEmail: Deliver = ({ subscription, publication }) => {
    const { topic, endpoint, arn } = subscription;
    this.#mail(topic, endpoint, publication.subject ?? "AWS Notification Message", [
      ...publication.message.split("\n"),
      "--",
      "To stop receiving notifications from this topic, visit the link below:",
      this.#link({ Action: "Unsubscribe", SubscriptionArn: arn }),
    ]);
  };

  readonly deliverSms: Deliver = ({ subscription, publication }) => {
    const sender = this.#options.senderOf(subscription.topic).slice(0, senderLengthMax);
    const text = sender === "" ? publication.message : `${sender}> ${publication.message}`;
    this.#keep("sms.txt", `To: ${subscription.endpoint}\n\n${text}\n`);
  };

  #mail(topic: string, to: string, subject: string, lines: readonly string[]): void {
    const { clock, senderOf } = this.#options;
    const head = [
      `From: "${senderOf(topic) || "AWS Notifications"}" <no-reply@sns.amazonaws.com>`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `Date: ${new Date(clock()).toUTCString().replace("GMT", "+0000")}`,
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit",
    ];
    this.#keep("email.eml", [...head, "", ...lines, ""].join("\r\n"));
  }

  /** Renamed into its place, so that whoever looks sees no half of a message. */
  #keep(kind: string, text: string): void {
    const { directory, clock } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const at = new Date(clock()).toISOString().replaceAll(/[-:]/g, "");
    this.#count = (this.#count ?? readdirSync(directory).length) + 1;
    const path = join(directory, `${at}-${String(this.#count).padStart(countDigits, "0")}-${kind}`);
    writeFileSync(`${path}.next`, text, { mode: ownerOnly });
    renameSync(`${path}.next`, path);
  }

  #link(query: Readonly<Record<string, string>>): string {
    return `${this.#options.url}/?${new URLSearchParams(query)}`;
  }
}
