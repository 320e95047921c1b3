using System.Reflection;
using System.Runtime.InteropServices;
using Nub.Memory.Tests.Locking;

namespace Nub.Memory.Tests.Soundness;

/// <summary>
/// A value that cannot be turned into this host's order: turning it throws, and no access is left published for that. On a big-endian host a union is one; here a layout is told that it is
/// on such a host.
/// </summary>
public sealed partial class ConversionTests
{
    [AllValid, StructLayout(LayoutKind.Sequential)]
    public partial struct Turned
    {
        [BigEndian]
        public uint Number;
        public uint Rest;
    }

    /// <summary>Of memory that is accessed on the fast path, indirectly, and in the slow way because it is small.</summary>
    [Theory]
    [InlineData("ordinary")]
    [InlineData("indirect")]
    [InlineData("small")]
    public void What_cannot_be_turned_leaves_no_access_behind(string kind)
    {
        using HostSharedMemory memory = kind switch
        {
            "ordinary" => HostSharedMemory.Over(static () => HostMapping.CreateAnonymous(HostMapping.PageSize)),
            "indirect" => HostSharedMemory.Over(static () => new SteppedMapping()),
            _ => Small(),
        };
        using var space = new GuestAddressSpace();
        space.Map(0x1000, memory, 0, 64);
        memory.Write(0, default(Turned));
        FieldInfo ambiguous = typeof(FieldLayout).GetField("_isAmbiguous", BindingFlags.Instance | BindingFlags.NonPublic)!;
        FieldLayout layout = Representation<Turned>.Layout!;
        ambiguous.SetValue(layout, true);
        try
        {
            foreach (Action access in (Action[])
            [
                () => memory.Write(0, default(Turned)), () => memory.TryWrite(0, default(Turned)), () => memory.Read<Turned>(0), () => memory.TryRead(0, out Turned _),
                () => space.Write(0x1000, default(Turned)), () => space.TryWrite(0x1000, default(Turned)), () => space.Read<Turned>(0x1000), () => space.TryRead(0x1000, out Turned _),
                () => Track(() => space.Write(0x1000, default(Turned))), () => Track(() => space.TryWrite(0x1000, default(Turned))),
                () => new SharedPlace<Turned>(Place.In(memory, 0, 8)).Store(default), () => new SharedPlace<Turned>(Place.In(memory, 0, 8)).Load(),
            ])
            {
                Assert.Throws<PlatformNotSupportedException>(access);

                // Refused while an access is published.
                memory.WithExclusivity(static _ => { });
            }
        }
        finally
        {
            ambiguous.SetValue(layout, false);
        }

        Assert.Equal(default, memory.Read<Turned>(0));

        static HostSharedMemory Small()
        {
            (HostSharedMemory whole, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(HostMapping.PageSize).Build();
            using (whole)
            using (guest)
            using (SafeHandle handle = whole.DuplicateHandle())
            {
                return HostSharedMemory.Open(handle, 0, 64);
            }
        }

        void Track(Action write)
        {
            space.TrackWrites(new DirtyBitmap(0x1000, 0x1000));
            try
            {
                write();
            }
            finally
            {
                space.TrackWrites(null);
            }
        }
    }

    [Theory]
    [InlineData("8 a:U4@6")]
    [InlineData("8 a:u8 b:u1")]
    [InlineData("8 a:u4*3")]
    [InlineData("8 a:u4*2147483647")]
    [InlineData("8 a:u1@2147483647")]
    [InlineData("8 a:{4 b:U8}")]
    public void A_field_that_leaves_its_struct_is_refused(string fields) => Assert.Throws<FormatException>(() => FieldLayout.Parse(fields));
}
