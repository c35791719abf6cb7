// A parameter that is called submit would hide the form's own function.
HTMLFormElement.prototype.submit.call(document.forms[0]);
