{{- /*
What the operator calls, and no more. It cannot write to a MigrationPlan's spec, so it cannot approve its own plans; it writes no
Datastore, no Secret and no ConfigMap.
*/}}
{{- define "colonnade.rules.operator" -}}
- apiGroups: [colonnade.dev]
  resources: [datastores, postgresschemas, mongoschemas, migrationplans]
  verbs: [get, list, watch]
- apiGroups: [colonnade.dev]
  resources: [postgresschemas, mongoschemas] # our finalizer
  verbs: [patch]
- apiGroups: [colonnade.dev]
  resources: [datastores/status, postgresschemas/status, mongoschemas/status, migrationplans/status]
  verbs: [patch]
- apiGroups: [colonnade.dev]
  resources: [migrationplans]
  verbs: [create, delete]
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get, list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}

{{- define "colonnade.rules.view" -}}
- apiGroups: [colonnade.dev]
  resources: [datastores, postgresschemas, mongoschemas, migrationplans]
  verbs: [get, list, watch]
{{- end }}

{{- /* Who writes schemas neither approves plans nor changes the Datastore's policy, which says what needs an approval. */}}
{{- define "colonnade.rules.edit" -}}
- apiGroups: [colonnade.dev]
  resources: [postgresschemas, mongoschemas]
  verbs: [create, update, patch, delete, deletecollection]
{{- end }}

{{- define "colonnade.rules.admin" -}}
- apiGroups: [colonnade.dev]
  resources: [datastores]
  verbs: [create, update, patch, delete, deletecollection]
{{- end }}

{{- /* CEL rules of the CRD leave spec.approval as the only part of a MigrationPlan that can be changed. */}}
{{- define "colonnade.rules.approver" -}}
- apiGroups: [colonnade.dev]
  resources: [migrationplans]
  verbs: [patch]
{{- end }}
