import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { MerchantRegister } from "#adapters/dynamodb/merchant-register.ts";
import { derivedId } from "#core/kernel/derived-id.ts";
import type { Book } from "#core/ledger/account.ts";
import { changed, type Merchant, parseMerchantId, type Registered } from "#core/merchants/merchant.ts";
import { operatorBook } from "#core/settlement/entries.ts";
import { type Answer, answer, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { cursorOf, positionOf } from "../http/cursor.ts";
import { requireSeen, tagOf } from "../http/precondition.ts";
import { invalidField, Problem } from "../http/problem.ts";
import { limit, readQuery } from "../http/query.ts";
import { type ApiRequest, requireMerchant, requireOperator } from "../http/request.ts";
import { idempotencyKeyOf } from "../idempotency.ts";
import { changeBody, merchantView, onboardBody } from "./merchant-body.ts";

const listQuery = z.strictObject({ limit, cursor: z.string().max(200).optional() });
const listScope = "merchants";

/** Who trades here and on what terms: operators write it, and each merchant sees its own. */
export function profileEndpoints(register: MerchantRegister) {
  return { onboard, list, show, change, showOwn };

  /** The same request again finds the merchant; another under its id is refused. */
  async function onboard(request: ApiRequest): Promise<Answer> {
    requireOperator(request, "ops.write");
    const { id: asked, name, terms } = readBody(request, onboardBody);
    const merchant: Merchant = { id: idFor(request, asked), name, terms };
    if (await register.create(merchant)) {
      const location = { location: `/v1/merchants/${merchant.id}` };
      return answer(201, merchantView({ merchant, version: 1 }), { ...location, etag: tagOf(1) });
    }
    const existing = await register.find(merchant.id);
    if (existing === undefined || !isDeepStrictEqual(existing.merchant, merchant))
      throw new Problem("merchant_exists");
    return shown(existing);
  }

  async function list(request: ApiRequest): Promise<Answer> {
    requireOperator(request, "ops.read", "ops.write");
    const query = readQuery(request, listQuery);
    const after = query.cursor === undefined ? {} : { after: positionOf(listScope, query.cursor) };
    const { registered, next } = await register.list({ limit: query.limit, ...after });
    return found({
      object: "list",
      data: registered.map(merchantView),
      next_cursor: next === undefined ? null : cursorOf(listScope, next),
    });
  }

  async function show(request: ApiRequest): Promise<Answer> {
    requireOperator(request, "ops.read", "ops.write");
    return shown(await merchantNamed(register, request));
  }

  /** Payments see it within the 30 s that `MerchantStore` remembers a merchant for. */
  async function change(request: ApiRequest): Promise<Answer> {
    requireOperator(request, "ops.write");
    const change = readBody(request, changeBody);
    const before = await merchantNamed(register, request);
    requireSeen(request, "merchant", before.version);
    const merchant = changed(before.merchant, change);
    if (isDeepStrictEqual(merchant, before.merchant)) return shown(before);
    if (!(await register.change(merchant, before.version)))
      throw new Problem("precondition_failed", {
        detail: "Somebody changed the merchant at the same moment.",
      });
    return shown({ merchant, version: before.version + 1 });
  }

  async function showOwn(request: ApiRequest): Promise<Answer> {
    const own = await register.find(requireMerchant(request, "payments.read"));
    if (own === undefined) throw new Problem("not_found");
    return shown(own);
  }
}

/** @throws Problem 404. */
export async function merchantNamed(
  register: Pick<MerchantRegister, "find">,
  request: ApiRequest,
): Promise<Registered> {
  const id = parseMerchantId(request.parameters["id"] ?? "");
  const registered = id === undefined ? undefined : await register.find(id);
  if (registered === undefined) throw new Problem("not_found");
  return registered;
}

const shown = (registered: Registered): Answer =>
  found(merchantView(registered), { etag: tagOf(registered.version) });

/** An id that was left out is derived from the Idempotency-Key: the same request again makes the same merchant. */
function idFor(request: ApiRequest, asked: string | undefined): Book {
  const id = parseMerchantId(asked ?? `mer_${derivedId(["POST /v1/merchants", idempotencyKeyOf(request)])}`);
  if (id === undefined)
    throw invalidField("/id", "wrong_format", "An id is mer_ and 1 to 32 lower-case letters, digits and _.");
  if (id === operatorBook)
    throw invalidField("/id", "reserved", `${operatorBook} is the operator's own book.`);
  return id;
}
