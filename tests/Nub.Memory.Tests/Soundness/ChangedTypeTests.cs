namespace Nub.Memory.Tests.Soundness;

/// <summary>Structs of which the generator wrote something else than they are now, as when an assembly that one of their fields is from was replaced.</summary>
public class ChangedTypeTests
{
#pragma warning disable NUB0001, NUB0006, CS0649 // Written by hand, as the generator wrote it before the change.
    [Fact]
    public void A_struct_of_another_size_than_its_layout_is_refused()
    {
        using var pair = new Pair();
        pair.Host.Fill(0, pair.Size, 2);
        Action[] uses =
        [
            () => pair.Host.Read<Changed>(0), () => pair.Host.TryRead<Changed>(0, out _), () => pair.Host.Write(0, default(Changed)), () => pair.Host.TryWrite(0, default(Changed)),
            () => SharedView.At<Changed>(pair.Host, 0).Load(), () => pair.Host.ReadArray(0, new Changed[1]), () => pair.Host.WriteArray<Changed>(0, new Changed[1]),
            () => SharedBytes.Read<Changed>(new byte[8]), () => SharedBytes.Write(new byte[8], default(Changed)),
            () => pair.Host.TryReadValidated<ChangedFlag>(0, out _), () => pair.Host.WriteValidated(0, default(ChangedFlag)), () => pair.Host.TryWriteValidated(0, default(ChangedFlag)),
            () => SharedBytes.TryRead<ChangedFlag>(new byte[8], out _), () => SharedBytes.WriteValidated(new byte[8], default(ChangedFlag)),
        ];
        Assert.All(uses, static use => Assert.Contains("generated for 4 bytes, and it has 8", Assert.Throws<NotAllValidException>(use).Message, StringComparison.Ordinal));
        Assert.All(pair.Contents(), static value => Assert.Equal(2, value));
    }

    [Fact]
    public void An_inline_array_of_one_is_refused()
    {
        using var pair = new Pair();
        Assert.Throws<NotAllValidException>(() => pair.Host.Read<Two<Changed>>(0));
        Assert.Throws<NotAllValidException>(() => pair.Host.Write(0, default(Two<Two<Changed>>)));
    }

    private struct Changed : IAllValid<Changed>
    {
        public ulong Value;

        readonly string ISharedLayout.Fields => "4 Value:u4";
    }

    private struct ChangedFlag : IValidateOnRead<ChangedFlag>
    {
        public ulong Value;

        readonly string ISharedLayout.Fields => "4 Value:u4";

        readonly bool IValidateOnRead<ChangedFlag>.IsLegal(ReadOnlySpan<byte> source) => true;
    }
#pragma warning restore NUB0001, NUB0006, CS0649
}
