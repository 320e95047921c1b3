using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>What a project says of its own code, by attributes and in its <c>Nub.Taint.txt</c>.</summary>
public sealed class DeclaredTests
{
    private const string Device = """
        public interface IDevice
        {
            [GuestValue] uint Length();
            [GuestValue] uint Count { get; }
            bool TryTake([GuestValue] out uint value);
            [SharedRead("at")] uint Word(ulong at);
            [SharedRead("at", "length")] byte[] Bytes(ulong at, int length);
            bool Fits([ChecksGuestValue(Max = 64)] uint value);
            bool Exceeds([ChecksGuestValue(Max = "most", When = false)] uint value, uint most);
            void Require([ChecksGuestValue(Max = 64)] uint value);
            uint Own();
        }

        """;

    [Theory]
    [InlineData("return new byte[{|NUB0011:device.Length()|}];")]
    [InlineData("return new byte[{|NUB0011:device.Count|}];")]
    [InlineData("return device.TryTake(out uint n) ? new byte[{|NUB0011:n|}] : [];")]
    [InlineData("return new byte[{|NUB0011:device.Word(0)|}];")]
    [InlineData("return new byte[{|NUB0011:device.Bytes(0, 4)[1] << 8|}];")]
    [InlineData("return device.Word(8) > 64 ? [] : new byte[{|NUB0010:device.Word(8)|}];")]
    [InlineData("return device.Word(8) > 64 ? [] : {|NUB0010:device.Bytes(4, 8)|};")]
    [InlineData("uint n = device.Length(); return device.Fits(n) ? [] : new byte[{|NUB0011:n|}];")]
    [InlineData("uint n = device.Length(); return device.Exceeds(n, 64) ? new byte[{|NUB0011:n|}] : [];")]
    [InlineData("uint n = device.Length(); uint m = device.Word(0); device.Require(n); return new byte[{|NUB0011:m|}];")]
    public async Task What_is_said_to_be_the_guests_is(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("return new byte[device.Own()];")]
    [InlineData("uint n = device.Length(); return device.Fits(n) ? new byte[n] : [];")]
    [InlineData("uint n = device.Length(); if (!device.Fits(n)) { return []; } return new byte[n];")]
    [InlineData("uint n = device.Length(); return device.Exceeds(n, 64) ? [] : new byte[n];")]
    [InlineData("uint n = device.Length(); device.Require(n); return new byte[n];")]
    [InlineData("uint n = device.Count; return n > 64 ? [] : new byte[n];")]
    [InlineData("return device.Word(8) > 64 ? [] : new byte[Math.Min(device.Word(12), 4u)];")]
    public async Task What_is_said_to_be_checked_is(string body) => await CheckAsync(body);

    [Fact]
    public async Task Parameters_and_fields_can_be_the_guests_as_well() => await Markup.CheckAsync("""
        public sealed class Test
        {
            [GuestValue] private uint _length;
            public static byte[] Take([GuestValue] uint length) => new byte[{|NUB0011:length|}];
            public byte[] Held() => new byte[{|NUB0011:_length|}];
            public void Set(uint length) => _length = length;
        }
        """);

    [Fact]
    public async Task Lines_of_a_file_say_the_same_for_what_carries_no_attributes()
    {
        const string Source = """
            public interface IPlain { uint Length(); uint Word(ulong at); bool Fits(uint value); }
            public static class Test
            {
                public static byte[] Unchecked(IPlain plain) => new byte[plain.Length()];
                public static byte[] Checked(IPlain plain) { uint n = plain.Length(); return plain.Fits(n) ? new byte[n] : []; }
                public static byte[] Twice(IPlain plain) => plain.Word(8) > 64 ? [] : new byte[plain.Word(8)];
            }
            """;
        const string Lines = """
            # What our devices give.
            GuestValue IPlain.Length
            SharedRead IPlain.Word at
            ChecksGuestValue IPlain.Fits value 64
            Nonsense
            """;
        CSharpCompilation compilation = Code.Generate(Code.Compile(Source));
        ImmutableArray<Diagnostic> without = await Code.AnalyzeAsync(compilation);
        ImmutableArray<Diagnostic> with = await Code.AnalyzeAsync(compilation, new Text("folder/Nub.Taint.txt", Lines));

        Assert.Empty(without);
        Assert.Equal(["NUB0010:6", "NUB0011:4"], with.Select(static one => $"{one.Id}:{one.Location.GetLineSpan().StartLinePosition.Line + 1}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Fields_behind_a_pointer_are_the_guests_by_a_line_of_a_file()
    {
        const string Source = """
            public struct Header { public int Length; public int Own; }
            public sealed unsafe class Ring(Header* header)
            {
                private Header* At => header;
                public byte[] Unchecked() => new byte[At->Length];
                public byte[] Mine() => new byte[At->Own];
                public byte[] Checked() { int n = At->Length; return n is < 0 or > 64 ? [] : new byte[n]; }
                public byte[] Copied() { Header one = *header; return new byte[one.Length]; }
                public byte[] Helped() => Make(At->Length);
                private static byte[] Make(int n) => new byte[n];
            }
            """;
        ImmutableArray<Diagnostic> found = await Code.AnalyzeAsync(Code.Generate(Code.Compile(Source)), new Text("Nub.Taint.txt", "GuestValue Header.Length"));
        Assert.Equal(["NUB0011:5", "NUB0011:8", "NUB0011:9"], found.Select(static one => $"{one.Id}:{one.Location.GetLineSpan().StartLinePosition.Line + 1}").Order(StringComparer.Ordinal));
        Assert.All(found, static one => Assert.Contains("('Header.Length')", one.GetMessage(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
    }

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync(Device + $$"""public static class Test { public static byte[] Run(IDevice device) { {{body}} } }""");

    private sealed class Text(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
