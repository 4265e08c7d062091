{{- define "colonnade.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "colonnade.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := include "colonnade.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "colonnade.selector" -}}
app.kubernetes.io/name: {{ include "colonnade.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "colonnade.labels" -}}
{{ include "colonnade.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "colonnade.serviceAccount" -}}
{{- default (ternary (include "colonnade.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "colonnade.image" -}}
{{- $image := .Values.image }}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end }}
{{- end }}

{{- /* What Pod Security "restricted" asks of a Pod: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */}}
{{- define "colonnade.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "colonnade.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{- /* The Leases of this release: one for each shard, named as the operator names them. */}}
{{- define "colonnade.leases" -}}
{{- $name := include "colonnade.fullname" . }}
{{- $leases := list }}
{{- range $i := until (int .Values.shards) }}
{{- $leases = append $leases (printf "%s-%d" $name $i) }}
{{- end }}
{{- toJson (ternary (list $name) $leases (eq (int .Values.shards) 1)) }}
{{- end }}
