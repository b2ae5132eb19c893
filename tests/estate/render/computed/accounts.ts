import { hexOf, lettersOf, type Made, named, type Rules, text, uuidOf } from "./forms.ts";

/** 12 digits, as AWS numbers accounts. */
const numberOf = (name: string): string =>
  [...lettersOf(name, 12)].map((letter) => `${letter.charCodeAt(0) % 10}`).join("");

/** Settings that exist once per account or region: known by the account. */
const single = ({ account }: Made) => ({ id: account });
/** Settings that have no ARN, and an id that nobody refers to. */
const plain = ({ name }: Made) => ({ id: uuidOf(name) });

const organizationId = "o-exampleorgid";

/** The organization and what an account has once. */
export const accounts: Rules = {
  "aws:accessanalyzer/analyzer:Analyzer": (made) =>
    named(made, "access-analyzer", "analyzer/", "analyzerName"),
  "aws:account/alternativeContact:AlternativeContact": ({ inputs }) => ({
    id: text(inputs["alternateContactType"]),
  }),
  "aws:backup/globalSettings:GlobalSettings": single,
  "aws:cfg/deliveryChannel:DeliveryChannel": ({ inputs }) => ({ id: text(inputs["name"]) }),
  "aws:cfg/recorder:Recorder": ({ inputs }) => ({ id: text(inputs["name"]) }),
  "aws:cfg/recorderStatus:RecorderStatus": ({ inputs }) => ({ id: text(inputs["name"]) }),
  "aws:cloudtrail/organizationDelegatedAdminAccount:OrganizationDelegatedAdminAccount": ({ inputs }) => ({
    id: text(inputs["accountId"]),
  }),
  "aws:cloudtrail/trail:Trail": (made) => {
    const { arn } = named(made, "cloudtrail", "trail/");
    return { id: arn, arn, homeRegion: made.region };
  },
  "aws:ebs/encryptionByDefault:EncryptionByDefault": plain,
  "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": plain,
  "aws:guardduty/detector:Detector": ({ name, region, account }) => {
    const id = uuidOf(name).replaceAll("-", "");
    return { id, accountId: account, arn: `arn:aws:guardduty:${region}:${account}:detector/${id}` };
  },
  "aws:guardduty/organizationAdminAccount:OrganizationAdminAccount": ({ inputs }) => ({
    id: text(inputs["adminAccountId"]),
  }),
  "aws:guardduty/organizationConfiguration:OrganizationConfiguration": ({ inputs }) => ({
    id: text(inputs["detectorId"]),
  }),
  "aws:guardduty/organizationConfigurationFeature:OrganizationConfigurationFeature": ({ inputs }) => ({
    id: `${text(inputs["detectorId"])}/${text(inputs["name"])}`,
  }),
  "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan": ({ name, region, account }) => {
    const id = hexOf(name, 20);
    return { id, arn: `arn:aws:guardduty:${region}:${account}:malware-protection-plan/${id}` };
  },
  "aws:iam/accountPasswordPolicy:AccountPasswordPolicy": () => ({ id: "iam-account-password-policy" }),
  "aws:iam/organizationsFeatures:OrganizationsFeatures": () => ({ id: organizationId }),
  "aws:iam/policy:Policy": ({ inputs, account }) => {
    const arn = `arn:aws:iam::${account}:policy/${text(inputs["name"])}`;
    return { id: arn, arn };
  },
  "aws:iam/serviceLinkedRole:ServiceLinkedRole": ({ inputs, account }) => {
    const service = text(inputs["awsServiceName"]);
    const words = service.split(".")[0] ?? "";
    const role = `AWSServiceRoleFor${words.charAt(0).toUpperCase()}${words.slice(1)}`;
    const arn = `arn:aws:iam::${account}:role/aws-service-role/${service}/${role}`;
    return { id: arn, arn, name: role };
  },
  "aws:inspector2/delegatedAdminAccount:DelegatedAdminAccount": ({ inputs }) => ({
    id: text(inputs["accountId"]),
  }),
  "aws:inspector2/enabler:Enabler": plain,
  "aws:inspector2/memberAssociation:MemberAssociation": ({ inputs }) => ({ id: text(inputs["accountId"]) }),
  "aws:inspector2/organizationConfiguration:OrganizationConfiguration": single,
  "aws:macie2/classificationJob:ClassificationJob": ({ name, region, account }) => {
    const id = hexOf(name, 32);
    return { id, jobId: id, jobArn: `arn:aws:macie2:${region}:${account}:classification-job/${id}` };
  },
  "aws:macie2/member:Member": ({ inputs }) => ({ id: text(inputs["accountId"]) }),
  "aws:macie2/organizationAdminAccount:OrganizationAdminAccount": ({ inputs }) => ({
    id: text(inputs["adminAccountId"]),
  }),
  "aws:macie2/organizationConfiguration:OrganizationConfiguration": single,
  "aws:organizations/account:Account": ({ name, account }) => {
    const id = numberOf(name);
    return { id, arn: `arn:aws:organizations::${account}:account/${organizationId}/${id}` };
  },
  "aws:organizations/delegatedAdministrator:DelegatedAdministrator": ({ inputs }) => ({
    id: `${text(inputs["accountId"])}/${text(inputs["servicePrincipal"])}`,
  }),
  "aws:organizations/organization:Organization": ({ account }) => ({
    id: organizationId,
    arn: `arn:aws:organizations::${account}:organization/${organizationId}`,
    masterAccountId: account,
    roots: [
      { id: "r-exam", name: "Root", arn: `arn:aws:organizations::${account}:root/${organizationId}/r-exam` },
    ],
  }),
  "aws:organizations/organizationalUnit:OrganizationalUnit": ({ name, account }) => {
    const id = `ou-exam-${lettersOf(name, 8)}`;
    return { id, arn: `arn:aws:organizations::${account}:ou/${organizationId}/${id}` };
  },
  "aws:organizations/policy:Policy": ({ name, account }) => {
    const id = `p-${lettersOf(name, 8)}`;
    return { id, arn: `arn:aws:organizations::${account}:policy/${organizationId}/${id}` };
  },
  "aws:organizations/policyAttachment:PolicyAttachment": ({ inputs }) => ({
    id: `${text(inputs["targetId"])}:${text(inputs["policyId"])}`,
  }),
  "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": single,
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": ({ inputs }) => ({
    id: text(inputs["bucket"]),
  }),
  "aws:securityhub/account:Account": ({ region, account }) => ({
    id: account,
    arn: `arn:aws:securityhub:${region}:${account}:hub/default`,
  }),
  "aws:securityhub/configurationPolicy:ConfigurationPolicy": plain,
  "aws:securityhub/configurationPolicyAssociation:ConfigurationPolicyAssociation": ({ inputs }) => ({
    id: text(inputs["targetId"]),
  }),
  "aws:securityhub/findingAggregator:FindingAggregator": ({ name, region, account }) => {
    const arn = `arn:aws:securityhub:${region}:${account}:finding-aggregator/${uuidOf(name)}`;
    return { id: arn, arn };
  },
  "aws:securityhub/organizationAdminAccount:OrganizationAdminAccount": ({ inputs }) => ({
    id: text(inputs["adminAccountId"]),
  }),
  "aws:securityhub/organizationConfiguration:OrganizationConfiguration": single,
};
