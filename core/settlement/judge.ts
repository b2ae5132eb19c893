import { err, ok, type Result } from "../kernel/result.ts";
import { hasInvisible } from "../kernel/text.ts";
import { parseMerchantId } from "../merchants/merchant.ts";
import { isCurrency } from "../money/currency.ts";
import { amountMax } from "../money/money.ts";
import { type LineKind, lineKinds, type SettlementLine } from "./line.ts";

/** A line as a file has it, in texts: empty where it says nothing. Amounts are minor units. */
export interface LineFields {
  readonly settledOn: string;
  readonly acquirer: string;
  readonly merchant: string;
  readonly kind: string;
  readonly operationKey: string;
  readonly reference: string;
  readonly dispute: string;
  readonly currency: string;
  readonly gross: string;
  readonly cost: string;
  readonly net: string;
  /** With its zone: `2030-06-15T12:00:00.000Z`. */
  readonly occurredAt: string;
}

/** Our operation keys have about 40 characters, and ISO 20022's longest identifiers 105. */
const nameLengthMax = 140;

const isKind = (text: string): text is LineKind => (lineKinds as readonly string[]).includes(text);

/** @returns why it is no line of a settlement: the first reason, in the order of the fields. */
export function settlementLineOf(fields: LineFields, place: number): Result<SettlementLine, string> {
  const { settledOn, acquirer, kind, operationKey, reference, dispute, currency } = fields;
  if (!isDay(settledOn))
    return err(`the day of settlement, "${shown(settledOn)}", is no day such as 2030-06-15`);
  const merchant = fields.merchant === "" ? undefined : parseMerchantId(fields.merchant);
  if (fields.merchant !== "" && merchant === undefined)
    return err(`the merchant, "${shown(fields.merchant)}", cannot be the id of one`);
  if (!isKind(kind)) return err(`the kind, "${shown(kind)}", is none of ${lineKinds.join(", ")}`);
  if (acquirer === "") return err("the acquirer is missing");
  if (reference === "") return err("the reference is missing");
  const reason =
    unnamed("acquirer", acquirer) ??
    unnamed("operation key", operationKey) ??
    unnamed("reference", reference) ??
    unnamed("dispute", dispute);
  if (reason !== undefined) return err(reason);
  if (!isCurrency(currency)) return err(`the currency, "${shown(currency)}", is none of ISO 4217`);
  const amounts = amountsOf(kind, fields);
  if (!amounts.ok) return amounts;
  const occurredAt = fields.occurredAt === "" ? undefined : momentOf(fields.occurredAt);
  if (fields.occurredAt !== "" && occurredAt === undefined)
    return err(`the moment, "${shown(fields.occurredAt)}", is none such as 2030-06-15T12:00:00Z`);
  return ok({
    ...{ place, kind, settledOn, acquirer, merchant, operationKey: operationKey || undefined, reference },
    ...{ dispute: dispute || undefined, currency, ...amounts.value, occurredAt },
  });
}

/** Why it cannot name anything. */
export function unnamed(name: string, text: string): string | undefined {
  if (text.length > nameLengthMax) return `the ${name} is longer than ${nameLengthMax} characters`;
  return hasInvisible(text) ? `the ${name} holds a character that nobody can see` : undefined;
}

type Amounts = Pick<SettlementLine, "gross" | "cost">;

/** A sign that does not fit the kind is an error of the file, and never taken for another kind. */
function amountsOf(
  kind: LineKind,
  fields: Pick<LineFields, "gross" | "cost" | "net">,
): Result<Amounts, string> {
  const [gross, cost, net] = [amountOf(fields.gross), amountOf(fields.cost), amountOf(fields.net)];
  if (gross === undefined || !isWithin(gross)) return noAmount("gross");
  if (cost === undefined || !isWithin(cost)) return noAmount("cost");
  // As a sum it may be larger than what it is made of.
  if (net === undefined) return noAmount("net");
  if (cost < 0n) return err("the cost is negative: the acquirer gives nothing back under this name");
  if (net !== gross - cost) return err(`net is ${net}, and gross less cost ${gross - cost}`);
  const isFitting = {
    capture: gross > 0n,
    refund: gross < 0n,
    chargeback: gross < 0n,
    chargeback_reversal: gross > 0n,
    cost: gross === 0n && cost > 0n,
  }[kind];
  return isFitting
    ? ok({ gross, cost })
    : err(`a ${kind} cannot have a gross of ${gross} and a cost of ${cost}`);
}

const amountPattern = /^-?[0-9]{1,16}$/;

/** @returns undefined for what is no integer in decimal digits */
const amountOf = (text: string): bigint | undefined => (amountPattern.test(text) ? BigInt(text) : undefined);

const isWithin = (amount: bigint): boolean => amount <= amountMax && amount >= -amountMax;

const noAmount = (name: string): Result<never, string> =>
  err(`${name} is no integer of minor units from -${amountMax} to ${amountMax}`);

const dayPattern = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const daysOfMonths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Also of the calendar: 2030-02-29 is none. Reckoned, since Date takes that for the 1st of March, and takes its time. */
export function isDay(text: string): boolean {
  const parts = dayPattern.exec(text);
  if (parts === null) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = (daysOfMonths[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0);
  return day >= 1 && day <= days;
}

const momentPattern = /^([0-9-]{10})T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

function momentOf(text: string): number | undefined {
  const day = momentPattern.exec(text)?.[1];
  if (day === undefined || !isDay(day)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** What somebody else wrote, in a sentence of ours. */
const shown = (text: string): string => text.slice(0, 40);
