using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Nub.Memory.Tests.MachineCode;

/// <summary>
/// What the promises come down to on arm64: the JIT's own listing of each kind of access. There an acquire or a release is an instruction of its own, and one that is
/// missing shows in no test on an emulator whose processor orders memory by itself.
/// </summary>
[Trait("Kind", "slow")]
public sealed partial class Arm64CodeTests : IClassFixture<MachineCodeTests.Listings>
{
    private static readonly bool s_here = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 && OperatingSystem.IsLinux();

    private readonly MachineCodeTests.Listings _listings;

    public Arm64CodeTests(MachineCodeTests.Listings listings) => _listings = listings;

    /// <summary>stlr slot; ldapr word; the data; stlr slot; ldapr word: what Locking/RegionLock.cs calls (1) to (5).</summary>
    [SkippableTheory]
    [InlineData("ReadByte", "ldaprb w")]
    [InlineData("ReadUInt16", "ldaprh w")]
    [InlineData("ReadUInt32", "ldapr w")]
    [InlineData("ReadUInt64", "ldapr x")]
    [InlineData("ReadInt16", "ldrsh w")]
    [InlineData("ReadChar", "ldaprh w")]
    [InlineData("ReadSingle", "ldr s")]
    [InlineData("ReadDouble", "ldr d")]
    [InlineData("WriteByte", "stlrb w")]
    [InlineData("WriteUInt16", "stlrh w")]
    [InlineData("WriteUInt32", "stlr w")]
    [InlineData("WriteUInt64", "stlr x")]
    [InlineData("CheckAndUse", "ldapr w")]
    public void An_access_publishes_looks_touches_clears_and_looks_again(string subject, string touch)
    {
        SkipElsewhere();
        Listing listing = _listings["Subjects:" + subject];
        Match[] steps = [.. listing.Instructions.TakeWhile(instruction => !instruction.StartsWith("ret", StringComparison.Ordinal))
            .Select(instruction => Ordered().Match(instruction)).Where(match => match.Success)];
        string[] found = [.. steps.Select(step => $"{step.Groups["operation"].Value.Replace("ldar", "ldapr", StringComparison.Ordinal)} {step.Groups["size"].Value}")];
        Assert.True(found is ["stlr x", "ldapr w", _, "stlr x", "ldapr w"] && found[2] == touch, $"{string.Join(", ", found)} in {listing}");

        string Address(int step) => steps[step].Groups["address"].Value;
        Assert.Equal(Address(0), Address(3));
        Assert.Equal(Address(1), Address(4));

        // A load of a floating-point register, or one that extends a sign, has no form with acquire: a barrier that holds later accesses back follows it.
        int at = listing.Instructions.IndexOf(steps[2].Value);
        Assert.True(touch.StartsWith("ldr", StringComparison.Ordinal) == (listing.Instructions[at + 1] == "dmb ishld"), listing.ToString());
    }

    [SkippableTheory]
    [InlineData("ReadByte")]
    [InlineData("ReadUInt64")]
    [InlineData("ReadDouble")]
    [InlineData("WriteUInt64")]
    [InlineData("CheckAndUse")]
    [InlineData("SpinUntilSet")]
    [InlineData("SpinOnView")]
    [InlineData("ViewField")]
    [InlineData("ViewFieldWrite")]
    [InlineData("ViewFieldBigEndian")]
    [InlineData("ViewFieldUInt32")]
    [InlineData("ViewFieldByte")]
    [InlineData("ViewOfElement")]
    [InlineData("ViewOfMemory")]
    [InlineData("ViewBits")]
    [InlineData("ViewBitsBigEndian")]
    [InlineData("ViewBit")]
    [InlineData("ViewEnum")]
    [InlineData("ViewTail")]
    public void A_scalar_is_touched_by_exactly_one_instruction(string subject)
    {
        SkipElsewhere();
        Listing listing = _listings["Subjects:" + subject];
        int touch = AssertOne(Arm64Code.TouchesOf(listing, BaseField), listing);
        Assert.True(!subject.StartsWith("Spin", StringComparison.Ordinal) || listing.IsInLoop(touch), listing.ToString());
    }

    [SkippableTheory]
    [InlineData("ViewBitsWrite")]
    [InlineData("ViewBitWrite")]
    [InlineData("ViewUnion")]
    public void A_bit_field_is_written_by_one_load_and_one_store_and_a_union_is_read_by_two_loads(string subject)
    {
        SkipElsewhere();
        Listing listing = _listings["Subjects:" + subject];
        Assert.True(Arm64Code.TouchesOf(listing, BaseField).Count == 2, listing.ToString());
    }

    [SkippableFact]
    public void The_fetch_alone_is_one_load_with_acquire()
    {
        SkipElsewhere();
        Listing listing = _listings["Subjects:HashOfFetch"];
        int touch = AssertOne(Arm64Code.TouchesOf(listing, null), listing);
        Assert.Matches("^lda(p)?r x", listing.Instructions[touch]);
    }

    [SkippableTheory]
    [InlineData("HashInPlace")]
    [InlineData("StructInPlace")]
    public void The_count_finds_a_plain_double_touch(string control)
    {
        SkipElsewhere();
        Listing listing = _listings["Controls:" + control];
        Assert.True(Arm64Code.TouchesOf(listing, null).Count == 2, listing.ToString());
    }

    [SkippableFact]
    public void The_loop_check_finds_a_plain_load_that_was_hoisted()
    {
        SkipElsewhere();
        Listing listing = _listings["Controls:SpinPlain"];
        Assert.False(listing.IsInLoop(AssertOne(Arm64Code.TouchesOf(listing, null), listing)), listing.ToString());
    }

    /// <summary>The displacement of the field that has the address of a mapping's first byte.</summary>
    private string BaseField => Arm64Code.FieldOffset(_listings["Subjects:BaseOf"]);

    private static int AssertOne(List<int> touches, Listing listing)
    {
        Assert.True(touches.Count == 1, $"{touches.Count} touches in {listing}");
        return touches[0];
    }

    private static void SkipElsewhere() => Skip.IfNot(s_here, "The listings are of an arm64 processor, and this is another one.");

    // Loads with acquire and stores with release have no displacement; a plain load of these kinds that has none is of the data.
    [GeneratedRegex(@"^(?<operation>stlr[bh]?|ldap?r[bh]?|ldr(?= [sd]\d)|ldrsh) (?<size>[wxsd])\w+, \[(?<address>x\d+)\]$")]
    private static partial Regex Ordered();
}
