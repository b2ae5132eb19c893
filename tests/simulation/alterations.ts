import {
  type CancellationReason,
  PutItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type { DisputeDesk } from "#core/acquiring/disputes.ts";
import type { Acquirer } from "#core/acquiring/port.ts";
import type { Committed } from "#core/payments/ports.ts";
import type { Command } from "./dynamodb/client.ts";
import type { FunctionName, TaskPorts } from "./functions.ts";
import { compileSagas, type Definition, definitions, type Machines, type SagaName } from "./machine.ts";

// --- On the way to DynamoDB ---------------------------------------------------------------------------------------

/** Takes this term off the conditions of single puts. */
export function puts(term: string): (command: Command) => Command {
  return (command) =>
    command instanceof PutItemCommand
      ? new PutItemCommand(without(command.input, (condition) => condition === term))
      : command;
}

/** Takes this term off the conditions of single puts to this table. */
export function putsTo(table: string, term: string): (command: Command) => Command {
  const take = puts(term);
  return (command) =>
    command instanceof PutItemCommand && command.input.TableName === table ? take(command) : command;
}

function without<Write extends { ConditionExpression?: string | undefined }>(
  write: Write,
  isGone: (term: string) => boolean,
): Write {
  const { ConditionExpression: condition = "", ...rest } = write;
  const left = condition.split(" AND ").filter((term) => !isGone(term));
  return (left.length === 0 ? rest : { ...rest, ConditionExpression: left.join(" AND ") }) as Write;
}

/** Takes terms off the conditions of some items of transactions. */
export function transacts(
  isMeant: (item: TransactWriteItem) => boolean,
  isGone: (term: string) => boolean,
): (command: Command) => Command {
  return (command) => {
    if (!(command instanceof TransactWriteItemsCommand)) return command;
    const items = command.input.TransactItems ?? [];
    const TransactItems = items.map((item): TransactWriteItem => {
      if (!isMeant(item)) return item;
      if (item.Put !== undefined) return { Put: without(item.Put, isGone) };
      return item.Update === undefined ? item : { Update: without(item.Update, isGone) };
    });
    return new TransactWriteItemsCommand({ ...command.input, TransactItems });
  };
}

/** What a transaction writes to the payments table: payments, refunds and disputes lie side by side there. */
export function isStored(kind: "payment" | "refund" | "dispute"): (item: TransactWriteItem) => boolean {
  return ({ Put: put }) => put?.TableName === "payments" && put.Item?.["sk"]?.S === kind;
}

export function isJournal(record: "entry" | "resolution"): (item: TransactWriteItem) => boolean {
  return ({ Put: put }) => put?.TableName === "ledger" && put.Item?.["record"]?.S === record;
}

/** An entry whose id says what it is for: `je_<payment>.<kind>.…`. */
export function isEntryOf(kind: RegExp): (item: TransactWriteItem) => boolean {
  return (item) => isJournal("entry")(item) && kind.test(item.Put?.Item?.["sk"]?.S?.split(".")[1] ?? "");
}

/** A payment on its way to its end. */
export const isSettling = (item: TransactWriteItem): boolean =>
  isStored("payment")(item) && item.Put?.Item?.["state"]?.S === "settled";

// --- On the way back ----------------------------------------------------------------------------------------------

type Reasons = readonly CancellationReason[];

export function recoded(from: string, to: string): (reasons: Reasons) => Reasons {
  return (reasons) => reasons.map((reason) => (reason.Code === from ? { ...reason, Code: to } : reason));
}

export function onlyFailedConditions(reasons: Reasons): Reasons {
  if (!reasons.some((reason) => reason.Code === "ConditionalCheckFailed")) return reasons;
  return reasons.map((reason) => (reason.Code === "ConditionalCheckFailed" ? reason : { Code: "None" }));
}

/** Payment and journal come first in every transaction of the store. */
const accountsFrom = 2;

export function accountsFirst(reasons: Reasons): Reasons {
  const refused = reasons.findIndex(
    ({ Code }, index) => index >= accountsFrom && Code === "ConditionalCheckFailed",
  );
  return refused < 0
    ? reasons
    : reasons.map((reason, index) => (index === refused ? reason : { Code: "None" }));
}

// --- At the ports -------------------------------------------------------------------------------------------------

type AlterPorts = (ports: TaskPorts, name: FunctionName) => TaskPorts;
type Change = Parameters<TaskPorts["payments"]["commit"]>[0];

export function committing(alter: (committed: Committed, change: Change) => Committed): AlterPorts {
  return (ports) => ({
    ...ports,
    payments: {
      get: (book, id) => ports.payments.get(book, id),
      commit: async (change) => alter(await ports.payments.commit(change), change),
    },
  });
}

export function replayAsSuperseded(committed: Committed, { after }: Change): Committed {
  const isReplay = committed.kind === "applied" && committed.payment !== after;
  return isReplay ? { kind: "superseded", current: committed.payment } : committed;
}

export function supersededAsApplied(committed: Committed, { after }: Change): Committed {
  return committed.kind === "superseded" ? { kind: "applied", payment: after } : committed;
}

/** The desks where disputes are dealt with. */
export function withDesk(alter: (desk: DisputeDesk) => Partial<DisputeDesk>): AlterPorts {
  return (ports) => ({
    ...ports,
    desks: {
      desk: (acquirer) => {
        const desk = ports.desks.desk(acquirer);
        return {
          submitEvidence: (request) => desk.submitEvidence(request),
          inquireDispute: (request) => desk.inquireDispute(request),
          ...alter(desk),
        };
      },
    },
  });
}

/** A dispute's write that somebody else overtook passes for done. */
export function overtakenAsApplied(ports: TaskPorts): TaskPorts {
  const { disputes } = ports;
  return {
    ...ports,
    disputes: {
      get: (book, id) => disputes.get(book, id),
      commitDispute: async (change) => {
        const committed = await disputes.commitDispute(change);
        return committed.kind === "superseded" ? { kind: "applied", dispute: change.after } : committed;
      },
    },
  };
}

export function withAcquirer(ports: TaskPorts, alter: (acquirer: Acquirer) => Acquirer): TaskPorts {
  const { acquirers } = ports;
  return {
    ...ports,
    acquirers: {
      route: (request) => acquirers.route(request),
      names: acquirers.names,
      named: (name) => alter(acquirers.named(name)),
    },
  };
}

type Outcome = Awaited<ReturnType<Acquirer["authorize"]>>;

export function asking(
  operation: "authorize" | "capture" | "refund",
  alter: (outcome: Outcome) => Outcome,
): AlterPorts {
  return (ports) =>
    withAcquirer(ports, (acquirer) => ({
      ...acquirer,
      authorize: async (request) => {
        const outcome = await acquirer.authorize(request);
        return operation === "authorize" ? alter(outcome) : outcome;
      },
      capture: async (request) => {
        const outcome = await acquirer.capture(request);
        return operation === "capture" ? alter(outcome) : outcome;
      },
      refund: async (request) => {
        const outcome = await acquirer.refund(request);
        return operation === "refund" ? alter(outcome) : outcome;
      },
    }));
}

export function captureKeys(ports: TaskPorts): TaskPorts {
  return withAcquirer(ports, (acquirer) => ({
    ...acquirer,
    capture: (request) => acquirer.capture({ ...request, key: `${request.key}.${ports.now()}` }),
  }));
}

// --- In the state machine -----------------------------------------------------------------------------------------

type State = Definition["States"][string];

/** The sagas, one state of one of them changed. */
export function changed(saga: SagaName, name: string, change: (state: State) => State): Machines {
  const definition = definitions[saga];
  const state = definition.States[name];
  if (state === undefined) throw new Error(`the ${saga} saga has no state ${name}`);
  return compileSagas({ [saga]: { ...definition, States: { ...definition.States, [name]: change(state) } } });
}

const lostPayment = "{% $states.input.payment %}";
export const finished = [{ ErrorEquals: ["States.ALL"], Output: { payment: lostPayment }, Next: "Done" }];

export function compensatedWhenLost(state: State): State {
  const authorization =
    "{% $states.input.authorization ? $states.input.authorization : $states.input.payment.authorization %}";
  const Output = { payment: lostPayment, authorization, reason: "lost" };
  return { ...state, Catch: [{ ErrorEquals: ["States.ALL"], Output, Next: "Compensate" }] };
}

export function notRetried(error: string): (state: State) => State {
  return ({ Retry = [], ...state }) => ({
    ...state,
    Retry: Retry.map((rule) => ({ ...rule, ErrorEquals: rule.ErrorEquals.filter((name) => name !== error) })),
  });
}
