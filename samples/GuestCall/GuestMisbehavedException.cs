namespace GuestCall;

/// <summary>The guest did what no honest guest does, beyond what the stack buffer itself refuses.</summary>
internal sealed class GuestMisbehavedException(string message, Exception? inner = null) : Exception(message, inner);
