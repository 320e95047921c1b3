using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;

namespace Nub.Memory.Tests.MachineCode;

/// <summary>
/// What the promises come down to: the JIT's own listing of each kind of access. On x64, whose instructions it reads; <see cref="Arm64CodeTests"/> reads arm64's.
/// </summary>
[Trait("Kind", "slow")]
public sealed partial class MachineCodeTests : IClassFixture<MachineCodeTests.Listings>
{
    private const string NotHere = "The listings are of an x64 processor and Linux's calling convention, and this is something else.";

    private static readonly bool s_here = X86Base.X64.IsSupported && OperatingSystem.IsLinux();

    private readonly Listings _listings;

    public MachineCodeTests(Listings listings) => _listings = listings;

    [SkippableTheory]
    [InlineData("ReadByte")]
    [InlineData("ReadUInt16")]
    [InlineData("ReadUInt32")]
    [InlineData("ReadUInt64")]
    [InlineData("ReadDouble")]
    [InlineData("ReadSingle")]
    [InlineData("ReadInt16")]
    [InlineData("ReadChar")]
    [InlineData("WriteByte")]
    [InlineData("WriteUInt16")]
    [InlineData("WriteUInt32")]
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
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["Subjects:" + subject];
        Assert.True(listing.TouchesOf(_listings.BaseField).Count == 1, listing.ToString());
    }

    [SkippableTheory]
    [InlineData("ViewBitsWrite")]
    [InlineData("ViewBitWrite")]
    [InlineData("ViewUnion")]
    public void A_bit_field_is_written_by_one_load_and_one_store_and_a_union_is_read_by_two_loads(string subject)
    {
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["Subjects:" + subject];
        Assert.True(listing.TouchesOf(_listings.BaseField).Count == 2, listing.ToString());
    }

    [SkippableTheory]
    [InlineData("SpinUntilSet")]
    [InlineData("SpinOnView")]
    public void A_wait_reads_each_time_around(string subject)
    {
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["Subjects:" + subject];
        Assert.True(listing.IsInLoop(Assert.Single(listing.TouchesOf(_listings.BaseField))), listing.ToString());
    }

    [SkippableTheory]
    [InlineData("ReadByte")]
    [InlineData("ReadUInt32")]
    [InlineData("ReadUInt64")]
    [InlineData("WriteUInt64")]
    public void An_access_publishes_looks_touches_clears_and_looks_again(string subject)
    {
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["Subjects:" + subject];
        List<string> code = listing.Instructions;
        int look = code.FindIndex(instruction => FirstLook().IsMatch(instruction));
        int touch = Assert.Single(listing.TouchesOf(_listings.BaseField));
        int lookAgain = code.FindIndex(instruction => SecondLook().IsMatch(instruction));
        int publish = look < 0 ? -1 : code.FindLastIndex(look, instruction => SlotStore().IsMatch(instruction));
        int clear = lookAgain < 0 ? -1 : code.FindLastIndex(lookAgain, instruction => SlotStore().IsMatch(instruction));
        Assert.True(0 <= publish && publish < look && look < touch && touch < clear && clear < lookAgain,
            $"publish {publish}, look {look}, touch {touch}, clear {clear}, look again {lookAgain} in {listing}");
        Assert.Equal(SlotStore().Match(code[publish]).Groups["slot"].Value, SlotStore().Match(code[clear]).Groups["slot"].Value);
    }

    [SkippableTheory]
    [InlineData("CopyOutLarge")]
    [InlineData("CopyInLarge")]
    [InlineData("CopyOutAligned")]
    [InlineData("CopyInAligned")]
    public void A_copy_loop_loads_each_place_once(string method)
    {
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["BulkCopy:" + method];
        string[][] loops = [.. listing.Loops().Select(loop => listing.Instructions[loop.First..loop.Last]
            .Where(instruction => VectorLoad().IsMatch(instruction))
            .Select(instruction => Listing.Operand().Match(instruction).Value)
            .ToArray())];

        // Four blocks of 64 bytes; without AVX-512 each is two vectors of 32.
        int expected = Vector512.IsHardwareAccelerated ? 4 : 8;
        Assert.Contains(loops, loads => loads.Length == expected);
        Assert.True(loops.All(loads => loads.Length == loads.Distinct().Count()), listing.ToString());
    }

    [SkippableTheory]
    [InlineData("CopyTo")]
    [InlineData("CopyFrom")]
    [InlineData("FillRange")]
    public void A_ragged_end_is_touched_by_one_masked_instruction(string method)
    {
        Skip.IfNot(s_here, NotHere);
        Skip.IfNot(Avx512BW.IsSupported, "This processor has no masks for bytes (AVX-512BW): there a ragged end is touched in ever smaller pieces.");
        Listing listing = _listings["HostSharedMemory:" + method];
        Assert.True(listing.Instructions.Count(instruction => MaskedAccess().IsMatch(instruction)) == 1, listing.ToString());
    }

    [SkippableTheory]
    [InlineData("FillLarge")]
    [InlineData("FillAligned")]
    public void A_fill_loads_nothing_of_what_it_fills(string method)
    {
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["BulkFill:" + method];
        Assert.True(listing.Loops().Any(), listing.ToString());
        Assert.True(listing.TouchesOf(null).All(touch => listing.Instructions[touch].Split(' ')[1] is "byte" or "word" or "dword" or "qword" or "xmmword" or "ymmword" or "zmmword"), listing.ToString());
    }

    [SkippableFact]
    public void The_fetch_alone_is_one_load_and_stays_in_its_loop()
    {
        Skip.IfNot(s_here, NotHere);
        Listing twoUses = _listings["Subjects:HashOfFetch"];
        Assert.True(twoUses.TouchesOf(null).Count == 1, twoUses.ToString());
        Listing spin = _listings["Subjects:SpinOnFetch"];
        // The JIT may make the first time around apart from the rest, so what counts is the last of the loads.
        Assert.True(spin.IsInLoop(spin.TouchesOf(null)[^1]), spin.ToString());
    }

    [SkippableTheory]
    [InlineData("HashInPlace")]
    [InlineData("StructInPlace")]
    public void The_count_finds_a_plain_double_touch(string control)
    {
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["Controls:" + control];
        Assert.True(listing.TouchesOf(null).Count == 2, listing.ToString());
    }

    [SkippableFact]
    public void The_loop_check_finds_a_plain_load_that_was_hoisted()
    {
        Skip.IfNot(s_here, NotHere);
        Listing listing = _listings["Controls:SpinPlain"];
        Assert.False(listing.IsInLoop(Assert.Single(listing.TouchesOf(null))), listing.ToString());
    }

    // The word of RegionLock is looked at before for phase and closing (7), for the fast path (16) and, to write, for read-only memory (32); after for closing (4).
    [GeneratedRegex(@"^test byte ptr \[\w+\+0x\w+\], (?:23|55)$")]
    private static partial Regex FirstLook();

    [GeneratedRegex(@"^test byte ptr \[\w+\+0x\w+\], 4$")]
    private static partial Regex SecondLook();

    [GeneratedRegex(@"^mov qword ptr \[(?<slot>r(?!bp|sp)\w+)\], r\w+$")]
    private static partial Regex SlotStore();

    [GeneratedRegex(@"^vmovdqu8 (?:zmm\d+ \{k\d\}\{z\}, zmmword ptr|zmmword ptr \[.*\] \{k\d\}, zmm\d+$)")]
    private static partial Regex MaskedAccess();

    [GeneratedRegex(@"^v?mov(?:dqu\d*|ups) [xyz]mm\d+, [xyz]mmword ptr")]
    private static partial Regex VectorLoad();

    /// <summary>Runs the program of subjects once, under a JIT that is asked for its listings.</summary>
    public sealed class Listings : IAsyncLifetime
    {
        private Dictionary<string, Listing> _all = [];

        public async Task InitializeAsync()
        {
            if (!s_here && !(ArmBase.Arm64.IsSupported && OperatingSystem.IsLinux()))
            {
                return;
            }

            string file = Path.GetTempFileName();
            try
            {
                // Without the delay the code is optimized from the thirtieth call on, however busy the machine is.
                ChildProcess child = await ChildProcess.RunAsync(
                    "Nub.Memory.Child", ["run-subjects"],
                    ("DOTNET_JitDisasm", "*Subjects:* *Controls:* *BulkCopy:*Large *BulkCopy:*Aligned *BulkFill:*Large *BulkFill:*Aligned *HostSharedMemory:CopyTo *HostSharedMemory:CopyFrom *HostSharedMemory:FillRange"),
                    ("DOTNET_JitStdOutFile", file),
                    ("DOTNET_TieredPGO", "0"),
                    ("DOTNET_TC_CallCountingDelayMs", "0"));
                Assert.True(child.ExitCode == 0, child.Errors);
                _all = Listing.ReadAll(file);
                BaseField = s_here ? this["Subjects:BaseOf"].FieldOffset() : "";
            }
            finally
            {
                File.Delete(file);
            }
        }

        /// <summary>The displacement of the field that has the address of a mapping's first byte.</summary>
        public string BaseField { get; private set; } = "";

        internal Listing this[string method] => _all.TryGetValue(method, out Listing? listing) ? listing
            : throw new InvalidOperationException($"The JIT listed no optimized code of {method}; it listed {string.Join(", ", _all.Keys)}.");

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
