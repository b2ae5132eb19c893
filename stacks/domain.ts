import { globalRegion, logDays } from "./constants.ts";
import { physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

/** Where the stage's API is found, and what proves it. */
export interface Domain {
  /** The public name, that of the edge. */
  readonly name: string;
  /** The name by which the edge, and nobody else, finds the gateway. */
  readonly originName: string;
  readonly zoneId: $util.Output<string>;
  /** ARN of a certificate that is valid already, as the other. Undefined where the edge is another stage's. */
  readonly edgeCertificate: $util.Output<string> | undefined;
  readonly originCertificate: $util.Output<string>;
}

/**
 * The stage's own zone, below the company's domain: no stage's account can change another's names. Until whoever holds
 * the domain delegates the zone to its name servers, the deployment waits for its certificates.
 */
export function createDomain(name: string, settings: StageSettings): Domain {
  const zone = new aws.route53.Zone(
    "ApiZone",
    { name, comment: `The HTTP API of ${physicalName("Api")}` },
    { retainOnDelete: settings.retainData },
  );
  // Amazon alone may issue certificates for these names, and nobody for all names below them.
  new aws.route53.Record("ApiZoneIssuers", {
    zoneId: zone.zoneId,
    name,
    type: "CAA",
    ttl: 3_600,
    records: ['0 issue "amazon.com"', '0 issuewild ";"'],
  });
  createQueryLog(name, zone);
  const originName = `origin.${name}`;
  return {
    name,
    originName,
    zoneId: zone.zoneId,
    edgeCertificate: proven("Edge", name, zone, globalRegion),
    originCertificate: proven("Origin", originName, zone, settings.region),
  };
}

/** The names of the home stage, for its standby: the same name leads to a gateway in each region. */
export function findDomain(name: string, settings: StageSettings): Domain {
  const originName = `origin.${name}`;
  const certificate = requestCertificate("Origin", originName, settings.region);
  return {
    name,
    originName,
    zoneId: aws.route53.getZoneOutput({ name }).zoneId,
    edgeCertificate: undefined,
    // ACM asks an account for one proof of a name in all regions, and the home has given it.
    originCertificate: validated("Origin", certificate, settings.region),
  };
}

function requestCertificate(logical: string, domainName: string, region: string): aws.acm.Certificate {
  return new aws.acm.Certificate(`${logical}Certificate`, {
    region,
    domainName,
    validationMethod: "DNS",
    keyAlgorithm: "RSA_2048",
    options: { certificateTransparencyLoggingPreference: "ENABLED" },
  });
}

/** Waits until ACM has seen the proof. */
const validated = (
  logical: string,
  certificate: aws.acm.Certificate,
  region: string,
  proof?: aws.route53.Record,
): $util.Output<string> =>
  new aws.acm.CertificateValidation(`${logical}CertificateValidation`, {
    region,
    certificateArn: certificate.arn,
    ...(proof && { validationRecordFqdns: [proof.fqdn] }),
  }).certificateArn;

/** Proven by a record in our zone, which stays: so AWS renews it by itself. */
function proven(
  logical: string,
  domainName: string,
  zone: aws.route53.Zone,
  region: string,
): $util.Output<string> {
  const certificate = requestCertificate(logical, domainName, region);
  const proof = certificate.domainValidationOptions.apply((options) => {
    const [option] = options;
    if (option === undefined) throw new Error(`ACM asks no proof for ${domainName}`);
    return option;
  });
  const record = new aws.route53.Record(`${logical}CertificateProof`, {
    zoneId: zone.zoneId,
    name: proof.resourceRecordName,
    type: proof.resourceRecordType,
    ttl: 300,
    records: [proof.resourceRecordValue],
  });
  return validated(logical, certificate, region, record);
}

/** Who asked for which of our names. Route 53 writes it in one region only, and under one prefix. */
function createQueryLog(name: string, zone: aws.route53.Zone): void {
  const { accountId } = aws.getCallerIdentityOutput();
  const group = new aws.cloudwatch.LogGroup("ApiZoneQueries", {
    region: globalRegion,
    name: `/aws/route53/${name}`,
    retentionInDays: logDays,
  });
  const policy = new aws.cloudwatch.LogResourcePolicy("ApiZoneQueriesPolicy", {
    region: globalRegion,
    policyName: physicalName("ApiZoneQueries"),
    policyDocument: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "route53.amazonaws.com" },
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: $interpolate`${group.arn}:*`,
          Condition: {
            StringEquals: { "aws:SourceAccount": accountId },
            ArnEquals: { "aws:SourceArn": zone.arn },
          },
        },
      ],
    }),
  });
  new aws.route53.QueryLog(
    "ApiZoneQueryLog",
    { zoneId: zone.zoneId, cloudwatchLogGroupArn: group.arn },
    { dependsOn: policy },
  );
}
