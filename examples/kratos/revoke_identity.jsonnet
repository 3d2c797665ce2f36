// The body of Kratos' web hooks to Hydrant: everything of this person ends. ctx.identity is there after settings, recovery,
// verification and login.
function(ctx) { identity_id: ctx.identity.id }
