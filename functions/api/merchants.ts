import { createCognito, UserPool } from "#adapters/cognito/user-pool.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { ContactStore } from "#adapters/dynamodb/contact-store.ts";
import { MerchantRegister } from "#adapters/dynamodb/merchant-register.ts";
import { createSns } from "#adapters/sns/client.ts";
import { Subscriptions } from "#adapters/sns/subscriptions.ts";
import { requiredVariable } from "#functions/environment.ts";
import { apiHandler } from "./http/handler.ts";
import { addClients } from "./merchants/clients.ts";
import { contactEndpoints } from "./merchants/contacts.ts";
import { profileEndpoints } from "./merchants/profiles.ts";

/** Each call may be made twice: a subscription is what it is asked to be. */
const snsAttemptsMax = 2;

const dynamoDb = createDynamoDb();
const table = requiredVariable("MERCHANTS_TABLE");
const register = new MerchantRegister(dynamoDb, table);
const userPool = new UserPool(createCognito(), requiredVariable("USER_POOL_ID"));
const profiles = profileEndpoints(register);
const contacts = contactEndpoints({
  store: new ContactStore(dynamoDb, table),
  subscriptions: new Subscriptions(createSns(snsAttemptsMax), requiredVariable("NEWS_TOPIC_ARN")),
  now: Date.now,
});

/** Merchants: onboarded and changed by operators, seen by themselves, and telling us whom to tell. */
export const handler = apiHandler({
  "/v1/merchants": { POST: profiles.onboard, GET: profiles.list },
  // Before `:id`, which no merchant can be named like.
  "/v1/merchants/me": { GET: profiles.showOwn },
  "/v1/merchants/me/contacts": { POST: contacts.add, GET: contacts.list },
  "/v1/merchants/me/contacts/:id": {
    GET: contacts.show,
    PATCH: contacts.change,
    DELETE: contacts.remove,
  },
  "/v1/merchants/:id": { GET: profiles.show, PATCH: profiles.change },
  "/v1/merchants/:id/clients": { POST: addClients(register, userPool) },
});
