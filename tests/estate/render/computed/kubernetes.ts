import { hexOf, type Made, type Rules, text, uuidOf } from "./forms.ts";

/** A cluster, who may come in, and what runs there. */
export const kubernetes: Rules = {
  "aws:eks/accessEntry:AccessEntry": ({ inputs }) => ({
    id: `${text(inputs["clusterName"])}:${text(inputs["principalArn"])}`,
  }),
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": ({ inputs }) => ({
    id: ["clusterName", "principalArn", "policyArn"].map((key) => text(inputs[key])).join("#"),
  }),
  "aws:eks/addon:Addon": ({ inputs }) => ({
    id: `${text(inputs["clusterName"])}:${text(inputs["addonName"])}`,
  }),
  "aws:eks/cluster:Cluster": ({ name, inputs, region, account }) => {
    const id = text(inputs["name"]);
    return {
      id,
      arn: `arn:aws:eks:${region}:${account}:cluster/${id}`,
      endpoint: `https://${hexOf(name, 32).toUpperCase()}.gr7.${region}.eks.amazonaws.com`,
      certificateAuthority: { data: Buffer.from("certificate").toString("base64") },
      vpcConfig: {
        ...(inputs["vpcConfig"] as object),
        clusterSecurityGroupId: `sg-${hexOf(`${name} cluster`, 17)}`,
      },
    };
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": ({ name }) => ({
    id: `a-${hexOf(name, 17)}`,
    associationId: `a-${hexOf(name, 17)}`,
  }),
  "kubernetes:apps/v1:Deployment": object,
  "kubernetes:batch/v1:Job": object,
  "kubernetes:core/v1:ConfigMap": object,
  "kubernetes:core/v1:Namespace": object,
  "kubernetes:core/v1:ServiceAccount": object,
  "kubernetes:eks.amazonaws.com/v1:NodeClass": object,
  "kubernetes:helm.sh/v3:Release": ({ inputs }) => ({
    id: `${text(inputs["namespace"])}/${text(inputs["name"])}`,
  }),
  "kubernetes:karpenter.sh/v1:NodePool": object,
  "kubernetes:keda.sh/v1alpha1:ScaledObject": object,
  "kubernetes:keda.sh/v1alpha1:TriggerAuthentication": object,
  "kubernetes:networking.k8s.io/v1:NetworkPolicy": object,
  "kubernetes:policy/v1:PodDisruptionBudget": object,
  "pulumi:providers:kubernetes": ({ name }) => ({ id: uuidOf(name) }),
};

/** What Kubernetes keeps is known by its namespace, if it is in one, and its name. */
function object({ inputs }: Made): { readonly id: string } {
  const { namespace, name } = inputs["metadata"] as { readonly namespace?: string; readonly name: string };
  return { id: namespace === undefined ? text(name) : `${namespace}/${text(name)}` };
}
