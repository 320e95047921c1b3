using Google.FlatBuffers;

namespace Nub.Memory.Tests;

/// <summary>
/// What the parsed pop was made for: size-prefixed FlatBuffers, written by that library and read from a stack by a parser that verifies them. The page
/// docs/flatbuffers.md shows the same.
/// </summary>
public class FlatBuffersTests
{
    private const ulong Size = 4096;

    [Fact]
    public void A_buffer_of_the_library_is_pushed_as_it_is_and_popped_by_a_parser()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, Size);
        stack.Reset();
        foreach (int id in (int[])[1, 2, 300])
        {
            stack.Push(Message.Write(id, new string('x', id % 40)));
        }

        foreach (int id in (int[])[300, 2, 1])
        {
            Assert.True(stack.TryPop<(int Id, string Text)>(Message.TryParse, out (int Id, string Text) message));
            Assert.Equal((id, new string('x', id % 40)), message);
        }

        Assert.True(stack.IsEmpty);
    }

    [Fact]
    public void A_corrupt_buffer_is_refused_and_stays_or_is_another_message_within_its_bytes()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, Size);
        byte[] honest = Message.Write(7, "seven of nine");
        int refused = 0;
        for (int at = 0; at < honest.Length; at++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] corrupt = [.. honest];
                corrupt[at] ^= (byte)(1 << bit);
                stack.Reset();
                stack.Push(corrupt);
                if (!stack.TryPop<(int Id, string Text)>(Message.TryParse, out _, out SharedStackError error))
                {
                    Assert.NotEqual(SharedStackError.None, error);
                    Assert.False(stack.IsEmpty);
                    refused++;
                }
            }
        }

        // Offsets and lengths are most of a small buffer; the rest are the message's own bytes, of which every value is legal.
        Assert.InRange(refused, honest.Length * 2, honest.Length * 8);
    }

    /// <summary>A table of an int and a string, as the library's compiler would make it of <c>table Message { id:int; text:string; }</c>.</summary>
    private static class Message
    {
        private const short Id = 4;
        private const short Text = 6;

        public static byte[] Write(int id, string text)
        {
            var builder = new FlatBufferBuilder(64);
            StringOffset written = builder.CreateString(text);
            builder.StartTable(2);
            builder.AddOffset(1, written.Value, 0);
            builder.AddInt(0, id, 0);
            builder.FinishSizePrefixed(builder.EndTable());
            return builder.SizedByteArray();
        }

        public static bool TryParse(ReadOnlySpan<byte> element, out (int Id, string Text) message)
        {
            try
            {
                return TryRead(element, out message);
            }
            catch (Exception thrown) when (thrown is OverflowException or ArgumentException or IndexOutOfRangeException)
            {
                // The library's verifier (25.2.10) answers some offsets so.
                message = default;
                return false;
            }
        }

        private static bool TryRead(ReadOnlySpan<byte> element, out (int Id, string Text) message)
        {
            // The element is a private copy, but the library wants an array of its own.
            var buffer = new ByteBuffer(element.ToArray());
            if (!new Verifier(buffer).VerifyBuffer(null, sizePrefixed: true, Verify))
            {
                message = default;
                return false;
            }

            buffer.Position = sizeof(uint);
            var table = new Table(buffer.GetInt(buffer.Position) + buffer.Position, buffer);
            int id = table.__offset(Id);
            int text = table.__offset(Text);
            message = (id != 0 ? buffer.GetInt(id + table.bb_pos) : 0, text != 0 ? table.__string(text + table.bb_pos) : "");
            return true;
        }

        private static bool Verify(Verifier verifier, uint table) =>
            verifier.VerifyTableStart(table)
            && verifier.VerifyField(table, Id, sizeof(int), sizeof(int), required: false)
            && verifier.VerifyString(table, Text, required: false)
            && verifier.VerifyTableEnd(table);
    }
}
