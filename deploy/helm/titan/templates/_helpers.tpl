{{- define "titan.fullname" -}}
{{- if contains "titan" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-titan" (.Release.Name | trunc 44 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods: it never changes. */}}
{{- define "titan.selector" -}}
app.kubernetes.io/name: titan
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "titan.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "titan.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "titan.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "titan.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* A probe of the public port: dict with path and values. */}}
{{- define "titan.probe" -}}
httpGet:
  path: {{ .path }}
  port: public
  scheme: {{ ternary "HTTPS" "HTTP" (ne .values.tls.secretName "") }}
{{- end -}}
