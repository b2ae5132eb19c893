import { poolIdOf } from "./computed/api.ts";
import { multiRegionIdOf, streamOf } from "./computed/data.ts";
import { secretOf, zoneIdOf } from "./computed/edge.ts";
import { text } from "./computed/forms.ts";
import { secretArnOf } from "./computed/operations.ts";
import type { Properties } from "./engine.ts";
import { EstateError } from "./errors.ts";

/**
 * Answers what the program asks of AWS while it runs.
 * @throws EstateError for a question that is not listed here.
 */
export function dataSource(
  token: string,
  inputs: Properties,
  { region, account }: { readonly region: string; readonly account: string },
): Properties {
  switch (token) {
    case "aws:index/getRegion:getRegion":
      return { id: region, region, name: region };
    case "aws:index/getPartition:getPartition":
      return { id: "aws", partition: "aws", dnsSuffix: "amazonaws.com" };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return {
        id: account,
        accountId: account,
        arn: `arn:aws:iam::${account}:role/deploy`,
        userId: "deploy",
      };
    case "aws:ecr/getAuthorizationToken:getAuthorizationToken":
      return {
        id: region,
        proxyEndpoint: `https://${account}.dkr.ecr.${region}.amazonaws.com`,
        userName: "AWS",
        password: "made up",
      };
    case "aws:secretsmanager/getRandomPassword:getRandomPassword":
      // Of the asked length, and the same in every render: nobody must take it for a secret.
      return { id: "password", randomPassword: "drawn".padEnd(Number(inputs["passwordLength"]), "x") };
    case "aws:organizations/getOrganization:getOrganization":
      return { id: "o-exampleorgid", roots: [{ id: "r-exam", name: "Root" }] };
    case "aws:guardduty/getDetector:getDetector":
    case "aws:securityhub/getStandardsControlAssociations:getStandardsControlAssociations":
      throw new Error("this account has none yet");
    case "aws:dynamodb/getTable:getTable":
    case "aws:kms/getKey:getKey":
    case "aws:route53/getZone:getZone":
    case "aws:secretsmanager/getSecret:getSecret":
    case "aws:ssm/getParameter:getParameter":
      return madeElsewhere(token, inputs, { region, account });
    case "aws:iam/getPolicyDocument:getPolicyDocument":
      return { ...inputs, id: "document", json: policyDocument(inputs as unknown as PolicyDocumentArgs) };
    default:
      throw new EstateError(`${token}: say what AWS answers in tests/estate/render/data-sources.ts.`);
  }
}

/** Of the stages that have made something for others. */
const homeRegion = "eu-west-1";

/** What another stage has made: it answers as that stage's own plan says (`computed/`), in the region that is asked. */
function madeElsewhere(
  token: string,
  inputs: Properties,
  { region, account }: { readonly region: string; readonly account: string },
): Properties {
  switch (token) {
    case "aws:guardduty/getDetector:getDetector":
    case "aws:securityhub/getStandardsControlAssociations:getStandardsControlAssociations":
      throw new Error("this account has none yet");
    case "aws:dynamodb/getTable:getTable": {
      const name = text(inputs["name"]);
      const arn = `arn:aws:dynamodb:${region}:${account}:table/${name}`;
      return { id: name, name, arn, streamArn: streamOf(arn) };
    }
    case "aws:kms/getKey:getKey": {
      // `alias/tallystick-production-vault` is that of `VaultKey`.
      const [, , ...words] = text(inputs["keyId"]).split("-");
      const id = multiRegionIdOf(
        `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}Key`,
      );
      return { id, arn: `arn:aws:kms:${region}:${account}:key/${id}` };
    }
    case "aws:route53/getZone:getZone":
      return { ...inputs, id: zoneIdOf("ApiZone"), zoneId: zoneIdOf("ApiZone") };
    case "aws:secretsmanager/getSecret:getSecret": {
      const arn = secretArnOf(text(inputs["name"]), { region, account });
      return { ...inputs, id: arn, arn };
    }
    default: {
      const name = text(inputs["name"]);
      if (name.endsWith("/token-issuer")) {
        const pool = poolIdOf("Clients", homeRegion);
        return { id: name, name, insecureValue: `https://cognito-idp.${homeRegion}.amazonaws.com/${pool}` };
      }
      return { id: name, name, value: secretOf(name) };
    }
  }
}

interface PolicyDocumentArgs {
  readonly statements?: readonly {
    readonly effect?: string;
    readonly actions?: readonly string[];
    readonly resources?: readonly string[];
    readonly principals?: readonly { readonly type: string; readonly identifiers: readonly string[] }[];
    readonly conditions?: readonly {
      readonly test: string;
      readonly variable: string;
      readonly values: readonly string[];
    }[];
  }[];
}

/** The document that the AWS provider writes: a single value stands without its list. */
function policyDocument({ statements = [] }: PolicyDocumentArgs): string {
  const Statement = statements.map(({ effect, actions, resources, principals, conditions }) => ({
    Effect: effect ?? "Allow",
    ...(actions && { Action: oneOrMany(actions) }),
    ...(resources && { Resource: oneOrMany(resources) }),
    ...(principals && {
      Principal: Object.fromEntries(
        principals.map(({ type, identifiers }) => [type, oneOrMany(identifiers)]),
      ),
    }),
    ...(conditions && { Condition: conditionBlock(conditions) }),
  }));
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

type Conditions = NonNullable<NonNullable<PolicyDocumentArgs["statements"]>[number]["conditions"]>;

/** Two conditions may use one operator: they share its block. */
function conditionBlock(conditions: Conditions): Record<string, Record<string, unknown>> {
  const block: Record<string, Record<string, unknown>> = {};
  for (const { test, variable, values } of conditions) {
    block[test] = { ...block[test], [variable]: oneOrMany(values) };
  }
  return block;
}

function oneOrMany(values: readonly string[]): string | readonly string[] {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : values;
}
