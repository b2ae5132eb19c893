import type { UserPool } from "#adapters/cognito/user-pool.ts";
import type { MerchantRegister } from "#adapters/dynamodb/merchant-register.ts";
import { merchantScopes, scopePrefix } from "#functions/verdict.ts";
import { type Answer, created } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { Problem } from "../http/problem.ts";
import { type ApiRequest, requireOperator } from "../http/request.ts";
import { clientBody } from "./merchant-body.ts";
import { merchantNamed } from "./profiles.ts";

const scopes = merchantScopes.map((scope) => scopePrefix + scope);

/**
 * Gives a merchant a client to sign in with. The secret is told here and never again: who did not get the answer asks for
 * another client. One that is made and not linked speaks for nobody, and the API refuses it.
 */
export function addClients(register: Pick<MerchantRegister, "find" | "link">, userPool: UserPool) {
  return async (request: ApiRequest): Promise<Answer> => {
    requireOperator(request, "ops.write");
    const { name } = readBody(request, clientBody);
    const { merchant } = await merchantNamed(register, request);
    const client = await userPool.createClient(`${merchant.id} ${name}`, scopes);
    if (client === undefined) throw new Problem("clients_exhausted");
    await register.link(client.clientId, { kind: "merchant", merchant: merchant.id });
    const view = {
      object: "client",
      merchant: merchant.id,
      name,
      client_id: client.clientId,
      client_secret: client.clientSecret,
      scopes,
    };
    return created(view, { "cache-control": "no-store" });
  };
}
