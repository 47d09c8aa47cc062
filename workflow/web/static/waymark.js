// Nothing needs this: the pages work without it. It starts the behaviour of the GOV.UK components.
import { initAll } from './vendor/govuk-frontend.min.js'

initAll()
