'use strict'

const express = require('express')

const { HOST = '127.0.0.1', PORT = '3000', GREETING = 'Hello', LOG_LEVEL = 'info' } = process.env
const app = express()

if (LOG_LEVEL !== 'error') {
  app.use((request, response, next) => {
    const start = process.hrtime.bigint()
    response.on('finish', () => {
      const ms = Number(process.hrtime.bigint() - start) / 1e6
      console.log(`${request.method} ${request.originalUrl} ${response.statusCode} ${ms.toFixed(1)} ms`)
    })
    next()
  })
}

app.get('/', (request, response) => {
  response.type('text').send(`${GREETING}, ${request.query.name ?? 'world'}!\n`)
})

app.get('/healthz', (request, response) => {
  response.json({ status: 'ok', uptime: Math.round(process.uptime()) })
})

const server = app.listen(Number(PORT), HOST, () => console.log(`listening on ${HOST}:${PORT}`))

// Finish what is under way, then go: a deploy or a scale-down asks for this with SIGTERM.
process.on('SIGTERM', () => {
  console.log('stopping')
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
