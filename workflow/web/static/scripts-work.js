// Says that scripts run, before the page is drawn: without this, menus would be shut that nothing could open.
document.body.className += ' js-enabled' + ('noModule' in HTMLScriptElement.prototype ? ' govuk-frontend-supported' : '');
