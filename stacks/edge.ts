import { readFileSync } from "node:fs";
import { join } from "node:path";
import { globalRegion } from "./constants.ts";
import { createDomain, type Domain, findDomain } from "./domain.ts";
import { createEdgeAlarms } from "./edge-alarms.ts";
import { createEdgeLogs } from "./edge-logs.ts";
import { createFirewall, type FirewallSettings } from "./firewall.ts";
import { physicalName } from "./naming.ts";
import { createOrigin } from "./origin.ts";
import { createOriginSecrets, findOriginSecrets, type OriginSecrets } from "./origin-secret.ts";
import { referredStage } from "./pair.ts";
import type { StageSettings } from "./settings.ts";

export interface EdgeSettings extends FirewallSettings {
  /** The name of the HTTP API in the world: a zone of the stage's own, which the company's domain delegates. */
  readonly apiDomain: string;
  /** 1 or more. One more than before, and the next deployment changes the origin secret: see origin-secret.ts. */
  readonly originSecretGeneration: number;
}

/** What the functions behind the edge are told, before there is an edge in front of them. */
export interface Front {
  readonly domain: Domain;
  readonly originSecrets: OriginSecrets;
  readonly publicUrl: $util.Output<string>;
}

/** @returns undefined for a stage without an edge: its API is found at API Gateway's own address, and checks no origin. */
export function prepareFront(settings: StageSettings): Front | undefined {
  const { edge } = settings;
  if (edge === undefined) return undefined;
  const { apiDomain, originSecretGeneration } = edge;
  const isShared = referredStage(settings) !== undefined;
  return {
    domain: isShared ? findDomain(apiDomain, settings) : createDomain(apiDomain, settings),
    originSecrets: isShared
      ? findOriginSecrets(originSecretGeneration, settings)
      : createOriginSecrets(originSecretGeneration, settings),
    publicUrl: $util.output(`https://${apiDomain}`),
  };
}

/**
 * CloudFront and its firewall before the HTTP API. Of a pair of regions the home's: the standby's API waits behind it.
 * @param functions that answer the API: they must know a new origin secret before the edge sends it.
 */
export function createEdge(
  front: Front | undefined,
  http: sst.aws.ApiGatewayV2,
  functions: readonly sst.aws.Function[],
  settings: StageSettings,
): void {
  if (front === undefined || settings.edge === undefined) return;
  const { domain } = front;
  const mapping = createOrigin(http, domain, settings);
  const { edgeCertificate } = domain;
  if (edgeCertificate === undefined) return;
  const firewall = createFirewall(settings.edge);
  const distribution = createDistribution(front, edgeCertificate, firewall, [mapping, ...functions]);
  createEdgeLogs(distribution, firewall, settings);
  for (const type of ["A", "AAAA"]) {
    new aws.route53.Record(`ApiRecord${type}`, {
      zoneId: domain.zoneId,
      name: domain.name,
      type,
      aliases: [
        {
          name: distribution.domainName,
          zoneId: distribution.hostedZoneId,
          evaluateTargetHealth: false,
        },
      ],
    });
  }
  createEdgeAlarms(distribution, createHealthCheck(domain), settings);
}

/** Policies that AWS keeps, the same in each account. */
const managedPolicies = {
  cachingDisabled: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
  allViewerExceptHostHeader: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
};

/**
 * CloudFront keeps errors for ten seconds, also where caching is off, and would give one merchant's 404 to another: the
 * key of what it keeps holds no token. These are all the codes that it keeps.
 */
const keptErrors = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

function createDistribution(
  { domain, originSecrets }: Front,
  certificate: $util.Output<string>,
  firewall: aws.wafv2.WebAcl,
  dependsOn: $util.Input<$util.Resource>[],
): aws.cloudfront.Distribution {
  const originId = "api";
  return new aws.cloudfront.Distribution(
    "Edge",
    {
      comment: physicalName("Edge"),
      aliases: [domain.name],
      enabled: true,
      httpVersion: "http2and3",
      isIpv6Enabled: true,
      priceClass: "PriceClass_All",
      webAclId: firewall.arn,
      viewerCertificate: {
        acmCertificateArn: certificate,
        minimumProtocolVersion: "TLSv1.2_2021",
        sslSupportMethod: "sni-only",
      },
      origins: [
        {
          originId,
          domainName: domain.originName,
          customHeaders: [{ name: "X-Origin-Secret", value: originSecrets.sent }],
          customOriginConfig: {
            httpPort: 80,
            httpsPort: 443,
            originProtocolPolicy: "https-only",
            originSslProtocols: ["TLSv1.2"],
            // The gateway gives up after 30 s, and its answer is better than the edge's.
            originReadTimeout: 35,
            originKeepaliveTimeout: 60,
          },
        },
      ],
      defaultCacheBehavior: {
        targetOriginId: originId,
        // No redirect: a token that went out in the clear should fail at once, not the next time.
        viewerProtocolPolicy: "https-only",
        allowedMethods: ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        cachedMethods: ["GET", "HEAD"],
        cachePolicyId: managedPolicies.cachingDisabled,
        // All headers, `Authorization` too, but `Host`: the gateway knows itself by its own name.
        originRequestPolicyId: managedPolicies.allViewerExceptHostHeader,
        responseHeadersPolicyId: createSecurityHeaders().id,
        compress: false,
        functionAssociations: [{ eventType: "viewer-request", functionArn: createHeaderLimit().arn }],
      },
      customErrorResponses: keptErrors.map((errorCode) => ({ errorCode, errorCachingMinTtl: 0 })),
      restrictions: { geoRestriction: { restrictionType: "none" } },
    },
    { dependsOn },
  );
}

function createHeaderLimit(): aws.cloudfront.Function {
  return new aws.cloudfront.Function("EdgeHead", {
    name: physicalName("EdgeHead"),
    comment: "Answers 431 where headers are longer than 8 KB",
    runtime: "cloudfront-js-2.0",
    code: readFileSync(join($cli.paths.root, "stacks/edge-head.js"), "utf8"),
    publish: true,
  });
}

const twoYearsInSeconds = 2 * 365 * 24 * 3_600;

function createSecurityHeaders(): aws.cloudfront.ResponseHeadersPolicy {
  return new aws.cloudfront.ResponseHeadersPolicy("EdgeSecurityHeaders", {
    name: physicalName("EdgeSecurityHeaders"),
    securityHeadersConfig: {
      strictTransportSecurity: {
        accessControlMaxAgeSec: twoYearsInSeconds,
        includeSubdomains: true,
        override: true,
      },
      contentTypeOptions: { override: true },
      referrerPolicy: { referrerPolicy: "no-referrer", override: true },
      // Not over the API's own: the page where customers come back is shown in a merchant's frame. For the same reason
      // there is no X-Frame-Options, which knows no exceptions.
      contentSecurityPolicy: {
        contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
        override: false,
      },
    },
  });
}

/** Asks as a caller would, through the edge. */
function createHealthCheck(domain: Domain): aws.route53.HealthCheck {
  return new aws.route53.HealthCheck("ApiHealth", {
    type: "HTTPS",
    fqdn: domain.name,
    port: 443,
    resourcePath: "/health",
    enableSni: true,
    // Seconds. Three failures, and each of several places must see them.
    requestInterval: 30,
    failureThreshold: 3,
    // The fewest that Route 53 allows: each is a request in two minutes per checker, and one more to pay.
    regions: ["eu-west-1", globalRegion, "us-west-2"],
    tags: { Name: physicalName("ApiHealth") },
  });
}
