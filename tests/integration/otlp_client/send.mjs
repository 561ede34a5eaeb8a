// A shop that nobody here wrote: node send.mjs http://127.0.0.1:4318
//
// 300 requests of the route /orders in the last 60 seconds, each with a call of price() with one
// of three arguments; 40 of them fail with a logged exception. Sent as OTLP/JSON with gzip by OpenTelemetry's
// exporters; exits with 1 when one of them reports a failure.

import { context, diag, DiagLogLevel, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const endpoint = process.argv[2];
let failures = 0;
diag.setLogger({ error: (m) => { failures += 1; console.error(m); }, warn() {}, info() {}, debug() {}, verbose() {} },
               DiagLogLevel.ERROR);
const resource = new Resource({ 'service.name': 'shop', tenant_id: 'acme' });
const options = (path) => ({ url: `${endpoint}/v1/${path}`, compression: 'gzip' });
const traces = new BasicTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(options('traces')), { maxQueueSize: 4096 })],
});
const logs = new LoggerProvider({ resource });
logs.addLogRecordProcessor(new BatchLogRecordProcessor(new OTLPLogExporter(options('logs'))));
const metrics = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(options('metrics')), exportIntervalMillis: 60000 })],
});

const tracer = traces.getTracer('shop'), logger = logs.getLogger('shop');
const duration = metrics.getMeter('shop').createHistogram('http.server.request.duration', { unit: 's' });
const now = Date.now();
for (let i = 0; i < 300; i += 1) {
  const start = now - 62000 + i * 200;
  const request = tracer.startSpan('POST /orders', {
    kind: SpanKind.SERVER, startTime: start, attributes: { 'http.request.method': 'POST', 'http.route': '/orders' } });
  const call = tracer.startSpan('price', {
    startTime: start + 1,
    attributes: { 'code.function': 'price', 'code.filepath': 'shop/prices.js', 'code.lineno': 7, article: `a${i % 3}` },
  }, trace.setSpan(context.active(), request));
  call.end(start + 31);
  if (i % 7 === 0 && i < 280) {
    const error = new RangeError(`article a${i} is not known`);
    request.recordException(error);
    request.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    logger.emit({
      timestamp: start + 32, severityNumber: SeverityNumber.ERROR, severityText: 'ERROR', body: error.message,
      context: trace.setSpan(context.active(), request),
      attributes: { 'exception.type': 'RangeError', 'exception.message': error.message, 'exception.stacktrace': error.stack },
    });
  }
  request.end(start + 40);
  duration.record(0.04, { 'http.request.method': 'POST', 'http.route': '/orders' });
}
await Promise.all([traces, logs, metrics].map((provider) => provider.forceFlush()));
await Promise.all([traces, logs, metrics].map((provider) => provider.shutdown()));
process.exit(failures === 0 ? 0 : 1);
