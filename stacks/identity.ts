import { physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

/** Scopes of the HTTP API. A client asks for them as `tallystick/payments.read`. */
const scopes = {
  "payments.read": "Read payments",
  "payments.write": "Create payments",
  "card_tokens.write": "Store cards",
  "ledger.read": "Read the ledger",
  "ledger.write": "Open accounts, and post between them",
  "ops.read": "Operators: read across merchants",
  "ops.write": "Operators: act across merchants",
} as const;

export interface Identity {
  /** The `iss` of its tokens; also where its keys are published. */
  readonly issuer: $util.Output<string>;
  /** Where clients trade their credentials for a token. */
  readonly tokenUrl: $util.Output<string>;
}

/** Issues access tokens to the merchants' and operators' servers (OAuth 2 client credentials). */
export function createIdentity(settings: StageSettings): Identity {
  const pool = new aws.cognito.UserPool(
    "Clients",
    {
      name: physicalName("Clients"),
      // Only machines sign in here. Cognito would let anyone sign up.
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      deletionProtection: settings.protectFromDeletion ? "ACTIVE" : "INACTIVE",
    },
    { retainOnDelete: settings.retainData },
  );
  new aws.cognito.ResourceServer("ClientsScopes", {
    userPoolId: pool.id,
    identifier: $app.name,
    name: physicalName("Api"),
    scopes: Object.entries(scopes).map(([scopeName, scopeDescription]) => ({ scopeName, scopeDescription })),
  });
  const domain = new aws.cognito.UserPoolDomain("ClientsDomain", {
    userPoolId: pool.id,
    // All companies on AWS share these names: the account number makes ours free.
    domain: $interpolate`${physicalName("Clients")}-${aws.getCallerIdentityOutput().accountId}`,
  });
  return {
    issuer: $interpolate`https://cognito-idp.${settings.region}.amazonaws.com/${pool.id}`,
    tokenUrl: $interpolate`https://${domain.domain}.auth.${settings.region}.amazoncognito.com/oauth2/token`,
  };
}
