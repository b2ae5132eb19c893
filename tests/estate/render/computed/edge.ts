import { lettersOf, named, type Rules, text, uuidOf } from "./forms.ts";

/** CloudFront's aliases are all in one zone, of AWS's own. */
const cloudFrontZone = "Z2FDTNDATAQYW2";

const idOf = (name: string, length = 13): string => `E${lettersOf(name, length).toUpperCase()}`;
export const zoneIdOf = (name: string): string => `Z${lettersOf(name, 20).toUpperCase()}`;

/** Drawn at random when it was created. Here it depends on the name, so that a plan tells secrets apart. */
export const secretOf = (parameter: string): string => lettersOf(parameter, 48);

/** CloudFront, WAF, certificates, names and what watches them. */
export const edge: Rules = {
  "aws:acm/certificate:Certificate": ({ name, inputs, region, account }) => {
    const arn = `arn:aws:acm:${region}:${account}:certificate/${uuidOf(name)}`;
    const domainName = text(inputs["domainName"]);
    const proof = {
      domainName,
      resourceRecordName: `_${lettersOf(domainName, 32)}.${domainName}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: `_${lettersOf(arn, 32)}.acm-validations.aws.`,
    };
    return { id: arn, arn, domainValidationOptions: [proof] };
  },
  "aws:acm/certificateValidation:CertificateValidation": ({ name }) => ({ id: name }),
  "aws:apigatewayv2/apiMapping:ApiMapping": ({ name }) => ({ id: lettersOf(name, 6) }),
  "aws:apigatewayv2/domainName:DomainName": ({ name, inputs, region }) => ({
    id: text(inputs["domainName"]),
    arn: `arn:aws:apigateway:${region}::/domainnames/${text(inputs["domainName"])}`,
    domainNameConfiguration: {
      ...(inputs["domainNameConfiguration"] as object),
      targetDomainName: `d-${lettersOf(name, 10)}.execute-api.${region}.amazonaws.com`,
      hostedZoneId: zoneIdOf(`API Gateway in ${region}`),
    },
  }),
  "aws:cloudfront/distribution:Distribution": ({ name, account }) => ({
    id: idOf(name),
    arn: `arn:aws:cloudfront::${account}:distribution/${idOf(name)}`,
    domainName: `d${lettersOf(name, 13)}.cloudfront.net`,
    hostedZoneId: cloudFrontZone,
  }),
  "aws:cloudfront/function:Function": ({ inputs, account }) => {
    const id = text(inputs["name"]);
    return { id, arn: `arn:aws:cloudfront::${account}:function/${id}` };
  },
  "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": ({ name }) => ({ id: uuidOf(name) }),
  "aws:cloudwatch/logDelivery:LogDelivery": ({ name, region, account }) => {
    const id = lettersOf(name, 16);
    return { id, arn: `arn:aws:logs:${region}:${account}:delivery:${id}` };
  },
  "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": (made) =>
    named(made, "logs", "delivery-destination:"),
  "aws:cloudwatch/logDeliverySource:LogDeliverySource": (made) => named(made, "logs", "delivery-source:"),
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ({ inputs }) => ({ id: text(inputs["policyName"]) }),
  "aws:route53/healthCheck:HealthCheck": ({ name }) => {
    const id = uuidOf(name);
    return { id, arn: `arn:aws:route53:::healthcheck/${id}` };
  },
  "aws:route53/queryLog:QueryLog": ({ name }) => ({ id: uuidOf(name) }),
  "aws:route53/record:Record": ({ inputs }) => ({
    id: `${text(inputs["zoneId"])}_${text(inputs["name"])}_${text(inputs["type"])}`,
    fqdn: text(inputs["name"]),
  }),
  "aws:route53/zone:Zone": ({ name }) => {
    const id = zoneIdOf(name);
    const nameServers = ["com", "net", "org", "co.uk"].map((end, index) => `ns-${index}.awsdns-00.${end}`);
    return { id, zoneId: id, arn: `arn:aws:route53:::hostedzone/${id}`, nameServers };
  },
  "aws:ssm/parameter:Parameter": ({ inputs, region, account }) => ({
    id: text(inputs["name"]),
    arn: `arn:aws:ssm:${region}:${account}:parameter${text(inputs["name"])}`,
    ...(inputs["type"] === "SecureString" && { value: secretOf(text(inputs["name"])) }),
  }),
  "aws:wafv2/webAcl:WebAcl": ({ name, inputs, region, account }) => {
    const id = uuidOf(name);
    return { id, arn: `arn:aws:wafv2:${region}:${account}:global/webacl/${text(inputs["name"])}/${id}` };
  },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ({ inputs }) => ({
    id: text(inputs["resourceArn"]),
  }),
};
