import { createCognito, UserPool } from "#adapters/cognito/user-pool.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { MerchantRegister } from "#adapters/dynamodb/merchant-register.ts";
import { requiredVariable } from "#functions/environment.ts";
import { apiHandler } from "./http/handler.ts";
import { addClients } from "./merchants/clients.ts";
import { profileEndpoints } from "./merchants/profiles.ts";

const register = new MerchantRegister(createDynamoDb(), requiredVariable("MERCHANTS_TABLE"));
const userPool = new UserPool(createCognito(), requiredVariable("USER_POOL_ID"));
const profiles = profileEndpoints(register);

/** Merchants: onboarded and changed by operators, seen by themselves. */
export const handler = apiHandler({
  "/v1/merchants": { POST: profiles.onboard, GET: profiles.list },
  // Before `:id`, which no merchant can be named like.
  "/v1/merchants/me": { GET: profiles.showOwn },
  "/v1/merchants/:id": { GET: profiles.show, PATCH: profiles.change },
  "/v1/merchants/:id/clients": { POST: addClients(register, userPool) },
});
