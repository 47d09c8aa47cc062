// Nothing needs this: the pages work without it. It starts the behaviour of the GOV.UK components.
import { initAll } from './vendor/govuk-frontend.min.js'

initAll()

// On a phone a wide table is read row by row, each answer with the heading it stands under; waymark.css does the rest.
const ROLES = { THEAD: 'rowgroup', TBODY: 'rowgroup', TR: 'row', TD: 'cell' }
for (const table of document.querySelectorAll('.waymark-table > table:not(.waymark-bars)')) {
  const headings = [...(table.tHead?.rows[0]?.cells ?? [])].map((one) => one.innerText.trim())
  if (headings.length < 3 || table.querySelector('[colspan], [rowspan]')) continue
  table.classList.add('waymark-rows')
  table.setAttribute('role', 'table') // said outright: a table that is not laid out as one is not always read as one
  for (const part of table.querySelectorAll('thead, tbody, tr, td')) part.setAttribute('role', ROLES[part.tagName])
  for (const one of table.querySelectorAll('th')) one.setAttribute('role', one.scope === 'row' ? 'rowheader' : 'columnheader')
  for (const row of table.tBodies[0].rows) {
    for (const cell of row.cells) {
      const says = cell.innerText.trim() || (cell.querySelector('svg, input') ? 'drawn' : '')
      const heading = headings[cell.cellIndex]
      if (cell.tagName === 'TD') cell.dataset.heading = says && !says.startsWith(heading) ? heading : ''
    }
  }
}
