namespace Nub.Tool;

/// <summary>What keeps a command from going on, said to the user as it is and without a stack trace.</summary>
internal sealed class ToolException(string message, Exception? inner = null) : Exception(message, inner);
