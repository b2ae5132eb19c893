import { globalRegion, logDays } from "./constants.ts";
import { physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

/** Where the stage's API is found, and what proves it. */
export interface Domain {
  /** The public name, that of the edge. */
  readonly name: string;
  /** The name by which the edge, and nobody else, finds the gateway. */
  readonly originName: string;
  readonly zone: aws.route53.Zone;
  /** ARNs of certificates that are valid already. */
  readonly edgeCertificate: $util.Output<string>;
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
    zone,
    edgeCertificate: createCertificate("Edge", name, zone, globalRegion),
    originCertificate: createCertificate("Origin", originName, zone, settings.region),
  };
}

/** Proven by a record in our zone, which stays: so AWS renews it by itself. */
function createCertificate(
  logical: string,
  domainName: string,
  zone: aws.route53.Zone,
  region: string,
): $util.Output<string> {
  const certificate = new aws.acm.Certificate(`${logical}Certificate`, {
    region,
    domainName,
    validationMethod: "DNS",
    keyAlgorithm: "RSA_2048",
    options: { certificateTransparencyLoggingPreference: "ENABLED" },
  });
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
  return new aws.acm.CertificateValidation(`${logical}CertificateValidation`, {
    region,
    certificateArn: certificate.arn,
    validationRecordFqdns: [record.fqdn],
  }).certificateArn;
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
