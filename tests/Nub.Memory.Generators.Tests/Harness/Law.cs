using System.Runtime.CompilerServices;
using System.Text;

namespace Nub.Memory.Generators.Tests.Harness;

/// <summary>What is asserted millions of times: its message is made only when it does not hold.</summary>
internal static class Law
{
    public static void Holds(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] Message message)
    {
        if (!holds)
        {
            Assert.Fail(message.Text!.ToString());
        }
    }

    [InterpolatedStringHandler]
    public readonly struct Message
    {
        public Message(int literalLength, int formattedCount, bool holds, out bool isWanted)
        {
            isWanted = !holds;
            Text = holds ? null : new StringBuilder(literalLength + (formattedCount * 16));
        }

        public StringBuilder? Text { get; }

        public void AppendLiteral(string text) => Text!.Append(text);

        public void AppendFormatted<T>(T value) => Text!.Append(value);
    }
}
