import { physicalName } from "./naming.ts";
import { referredStage, replicaRegion } from "./pair.ts";
import type { StageSettings } from "./settings.ts";

/** Scopes of the HTTP API. A client asks for them as `tallystick/payments.read`. */
const scopes = {
  "payments.read": "Read payments",
  "payments.write": "Create payments",
  "card_tokens.write": "Store cards",
  "ledger.read": "Read the ledger",
  "ledger.write": "Open accounts of one's own, and post between them",
  "ops.read": "Operators: read across merchants",
  "ops.write": "Operators: act across merchants",
} as const;

export interface Identity {
  /** Whose clients sign in. */
  readonly pool: aws.cognito.UserPool;
  /** The `iss` of tokens that count, with commas between them: its own, and those of its home. Also where keys are published. */
  readonly issuers: $util.Output<string>;
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
  const issuer = $interpolate`https://cognito-idp.${settings.region}.amazonaws.com/${pool.id}`;
  return {
    pool,
    issuers: withHomes(issuer, settings),
    tokenUrl: $interpolate`https://${domain.domain}.auth.${settings.region}.amazoncognito.com/oauth2/token`,
  };
}

/**
 * Cognito has no second region: clients have credentials of one pool. A standby takes its home's tokens too, which last an
 * hour, and longer where the home's Cognito is not what is lost. It is told by a parameter in its own region.
 */
function withHomes(own: $util.Output<string>, settings: StageSettings): $util.Output<string> {
  const name = `/${$app.name}/${referredStage(settings) ?? settings.stage}/token-issuer`;
  const region = replicaRegion(settings);
  if (region !== undefined)
    new aws.ssm.Parameter("TokenIssuerTold", {
      region,
      name,
      description: "Whose tokens the other region's API takes too",
      type: "String",
      value: own,
    });
  return referredStage(settings) === undefined
    ? own
    : $interpolate`${own},${aws.ssm.getParameterOutput({ name, withDecryption: false }).insecureValue}`;
}
