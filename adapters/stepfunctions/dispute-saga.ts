import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { DisputeId } from "#core/disputes/ids.ts";
import { derivedId } from "#core/kernel/derived-id.ts";
import type { Book } from "#core/ledger/account.ts";

/** Starting is one short call. */
const startMsMax = 3_000;

/**
 * What it is started for: the whole dispute; or only what is to be done at once, because the merchant gave evidence or the
 * acquirer told how it ends, in a notification of this id. One that was wrong must not take the name of the next.
 */
export type DisputeErrand = "whole" | "evidence" | { readonly notification: string };

const nameOf = (id: DisputeId, errand: DisputeErrand): string => {
  if (errand === "whole") return id;
  return errand === "evidence"
    ? `${id}-evidence`
    : `${id}-closed-${derivedId([errand.notification]).slice(0, 13)}`;
};

/** Starts the `dispute` saga: once per dispute and errand, for Standard executions keep their names. */
export class DisputeSaga {
  readonly #client: SFNClient;
  readonly #stateMachineArn: string;

  constructor(client: SFNClient, stateMachineArn: string) {
    this.#client = client;
    this.#stateMachineArn = stateMachineArn;
  }

  /**
   * A second one beside the whole ends as soon as nothing is left to do at once: `errand`.
   * @param told by which it is opened, unless it is there: plain JSON, as the saga's contract has it
   * @throws whatever the call throws: then it may have started or not, and a second try finds out.
   */
  async start(
    { book, id }: { readonly book: Book; readonly id: DisputeId },
    errand: DisputeErrand,
    told?: object,
  ): Promise<void> {
    const { name, input } = startOf({ book, id }, errand, told);
    try {
      await this.#client.send(
        new StartExecutionCommand({
          stateMachineArn: this.#stateMachineArn,
          name,
          input: JSON.stringify(input),
        }),
        { abortSignal: AbortSignal.timeout(startMsMax) },
      );
    } catch (error) {
      // It was told twice: the execution of the first time does the work, or did it.
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }
}

/** What starts the saga, under which name. */
export function startOf(
  { book, id }: { readonly book: Book; readonly id: DisputeId },
  errand: DisputeErrand,
  told?: object,
) {
  const input = {
    ...{ book, dispute: id },
    ...(told === undefined ? {} : { told }),
    ...(errand === "whole" ? {} : { errand: true }),
  };
  return { name: nameOf(id, errand), input };
}
